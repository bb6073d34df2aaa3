/** Whether this is the long run, `pnpm model:soak`, rather than the one in CI. */
export const isSoak = (import.meta as { env?: { MODE?: string } }).env?.MODE === 'soak'
