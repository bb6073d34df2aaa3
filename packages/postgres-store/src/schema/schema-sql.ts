import { ConfigurationError } from '@authchart/core/store'

/** The version of the tables that this version of the package needs. */
export const schemaVersion = 1

/** What each version adds to the one before, by number. `"authchart"` stands for the schema. */
const migrations: Readonly<Record<number, string>> = {
  1: `create schema if not exists "authchart";

create table "authchart".session (
  key text collate "C" primary key,    -- as the app gave it; only the backslash, NUL and lone surrogates are escaped
  revision text not null,
  status text not null,                -- signedIn, signedOut, ended
  generation bigint not null,
  expires_at timestamptz,
  refreshed_at timestamptz not null,   -- of this generation, by the clock of the database
  written_at timestamptz not null,
  key_id text,                         -- which key has sealed it
  clear text not null,                 -- all but the tokens, as JSON
  sealed bytea,                        -- the tokens: AES-256-GCM, the nonce first
  mac text                             -- binds the clear part and the sealed part together: HMAC-SHA-256
) with (fillfactor = 85);
alter table "authchart".session alter column sealed set storage external;
create index session_idle on "authchart".session (refreshed_at) where status = 'signedIn';
create index session_gone on "authchart".session (written_at) where status <> 'signedIn';

-- A row while a session is being refreshed, and no longer. Logged: the rows must outlive a crash of the server.
create table "authchart".lease (
  key text collate "C" primary key,
  holder text not null,
  until timestamptz not null,
  process integer                      -- the advisory lock that its process holds for as long as it lives
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

create table "authchart".meta (version integer not null);
insert into "authchart".meta (version) values (1);
-- The role of your services needs: usage on the schema; select on meta; select, insert, update, delete on session, lease.`,
}

/** Options of `schemaSql`. */
export interface SchemaSqlOptions {
  /** Default \`authchart\`. */
  readonly schema?: string
  /** The version that is there already. Default 0: none. */
  readonly after?: number
}

/**
 * The SQL that makes the tables, for your own migrations; the store runs none of it. Numbered: a later version of this
 * package that needs more says which number is there and which is needed, and gives the rest with `after`.
 *
 * @throws ConfigurationError for a schema whose name cannot be one
 */
export function schemaSql({ schema = 'authchart', after = 0 }: SchemaSqlOptions = {}): string {
  const name = requireSchema(schema)
  return Object.entries(migrations)
    .filter(([version]) => Number(version) > after)
    .map(([version, sql]) => `-- authchart ${version}\n${sql.replaceAll('"authchart"', `"${name}"`)}\n`)
    .join('\n')
}

/** @throws ConfigurationError unless it can be the name of a schema */
export function requireSchema(schema: unknown): string {
  if (typeof schema === 'string' && /^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(schema)) return schema
  throw new ConfigurationError('schema', 'must be a name of letters, digits and underscores, at most 63 of them.')
}
