/// <reference types="chrome" />
import type { Answer, Question } from './questions.ts'

/** In the pages of a shop, say: a button that shows the user's orders. */
const button = document.createElement('button')
button.textContent = 'My orders'
button.onclick = async () => {
  const { orders, error }: Answer = await chrome.runtime.sendMessage('orders' satisfies Question)
  button.textContent = error ?? orders ?? ''
}
document.body.append(button)
