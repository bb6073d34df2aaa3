/** As much of a `Client` of the package `pg` as is used. */
export interface PgClient {
  /** The process of the server behind this connection, as the server's greeting has it. */
  readonly processID?: number | null
  connect(): Promise<unknown>
  query(sql: string, values?: unknown[]): Promise<{ readonly rows: readonly unknown[] }>
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'end', listener: () => void): unknown
  on(event: 'notification', listener: (message: { channel: string; payload?: string | undefined }) => void): unknown
  end(): Promise<void>
  /** Lets the process end while the connection is open. */
  unref?(): void
}
