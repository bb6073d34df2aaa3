/** Whether this is a long run, `pnpm model:soak` or `pnpm browser:soak`, rather than the one in CI. */
export const isSoak = (import.meta as { env?: { MODE?: string } }).env?.MODE === 'soak'
