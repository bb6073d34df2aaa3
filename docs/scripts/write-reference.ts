/**
 * Writes the reference, from the comments of all that the doors export, into `docs/reference`: `pnpm write:reference`. What
 * it writes is not committed.
 */
import { readReference, writeReference } from './reference.ts'

await writeReference(await readReference())
