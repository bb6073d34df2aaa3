import { doors } from './doors.ts'
import { readEcho, startFixture } from './fixture.ts'

// Uploads a stream through the door named by the first argument, as many MiB as the second one says, and prints what
// the API got and the peak of this process's memory (bytes) before and after. The API is in the same process: it keeps
// nothing of a long body.
const [doorName, mebibytes] = process.argv.slice(2)
const door = doors.find(({ name }) => name === doorName)
if (door === undefined) throw new Error(`There is no door called ${doorName}`)

await using fixture = await startFixture()
const send = door.open(fixture.session)
await upload(128)
const peakBefore = process.resourceUsage().maxRSS * 1024
const { status, received } = await upload(Number(mebibytes))
console.log(JSON.stringify({ status, received, peakBefore, peakAfter: process.resourceUsage().maxRSS * 1024 }))

async function upload(count: number): Promise<{ status: number; received: number }> {
  let left = count
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (left === 0) controller.close()
        else controller.enqueue(new Uint8Array(1024 * 1024).fill(left--))
      },
    },
    { highWaterMark: 0 },
  )
  const response = await send(fixture.api.origin, { method: 'POST', body, duplex: 'half' } as RequestInit)
  return { status: response.status, received: (await readEcho(response)).bodyBytes }
}
