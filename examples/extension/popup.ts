/// <reference types="chrome" />
import type { Answer, Question } from './questions.ts'

for (const button of document.querySelectorAll('button')) button.onclick = () => void ask(button.id as Question)
void ask('status')

async function ask(question: Question): Promise<void> {
  const { status, subject, error }: Answer = await chrome.runtime.sendMessage(question)
  const [line] = document.querySelectorAll('[role=status]')
  if (line) line.textContent = error ?? [status, subject].filter(Boolean).join(' as ')
}
