/** Questions of workers to the primary process, by messages. */
import cluster, { type Worker } from 'node:cluster'

interface Question {
  readonly question: number
  readonly about: string
  readonly body: unknown
}

interface Answer {
  readonly answer: number
  readonly body?: unknown
  /** The code of the error that it is, if it is one. */
  readonly code?: string
}

/** What answers questions, by what they are about. */
export type Answerers = Readonly<Record<string, (body: unknown) => unknown>>

/** In the primary: answers the questions of every worker. */
export function answerWorkers(answerers: Answerers): void {
  // A worker that is killed before it has its answer is not a fault of the primary's.
  cluster.on('fork', (worker) => worker.on('error', () => {}))
  cluster.on('message', (worker: Worker, message: unknown) => {
    if (isMessage<Question>(message, 'question')) void answerTo(worker, message)
  })

  async function answerTo(worker: Worker, { question, about, body }: Question): Promise<void> {
    const answer = await Promise.resolve(body)
      .then(answerers[about])
      .then(
        (result): Answer => ({ answer: question, body: result }),
        (error: { code?: string }): Answer => ({ answer: question, code: error.code ?? 'failed' }),
      )
    if (worker.isConnected()) worker.send(answer)
  }
}

const waiting = new Map<number, PromiseWithResolvers<unknown>>()
let questions = 0

/**
 * In a worker: asks the primary.
 * @throws an error with the `code` of the primary's
 */
export function askPrimary(about: string, body?: unknown): Promise<unknown> {
  if (questions === 0) process.on('message', hearAnswer)
  questions += 1
  const asked = Promise.withResolvers<unknown>()
  waiting.set(questions, asked)
  process.send?.({ question: questions, about, body } satisfies Question)
  return asked.promise
}

function hearAnswer(message: unknown): void {
  if (!isMessage<Answer>(message, 'answer')) return
  const asked = waiting.get(message.answer)
  waiting.delete(message.answer)
  if (message.code === undefined) asked?.resolve(message.body)
  else asked?.reject(Object.assign(new Error('The primary process could not answer.'), { code: message.code }))
}

function isMessage<Message>(message: unknown, member: string): message is Message {
  return typeof message === 'object' && message !== null && member in message
}
