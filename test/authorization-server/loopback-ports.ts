/**
 * Ports that no system gives to those who ask for any (Linux has those from 32,768 on, others from 49,152 on): nobody takes
 * one by chance while its server is down, or is about to start. Test files that run at once have different ones.
 */
const first = 20_000
const portsOfWorker = 3_000
const worker = Number(process.env.VITEST_POOL_ID ?? 0) % 4

let offset = Math.floor(Math.random() * portsOfWorker)

/** Another one with each call; it may be in use. */
export function nextPort(): number {
  offset = (offset + 1) % portsOfWorker
  return first + worker * portsOfWorker + offset
}
