import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { doors } from './doors.ts'

const mebibyte = 1024 * 1024
const uploadMebibytes = 256

// The peak of a process can only be read once in its life, so each upload has a process of its own.
test.each(doors)(
  'P10 memory stays flat while a 256 MiB stream is uploaded through $name',
  async ({ name }) => {
    const script = new URL('./upload-stream.ts', import.meta.url).pathname
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--conditions=@authchart/source',
      script,
      name,
      String(uploadMebibytes),
    ])
    const report = JSON.parse(stdout) as { status: number; received: number; peakBefore: number; peakAfter: number }
    expect(report).toMatchObject({ status: 200, received: uploadMebibytes * mebibyte })
    expect(report.peakAfter - report.peakBefore).toBeLessThan(96 * mebibyte)
  },
  120_000,
)
