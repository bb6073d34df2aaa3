import type { Lease } from '@authchart/core/store'

/** The world as far as a holder's surroundings need it. */
export interface Surroundings {
  /** Resolves when the scheduler says so: the next thing can happen. */
  point(label: string): Promise<void>
  say(sentence: string): void
}

/** The life of one holder: nothing that it waits for comes any more once it has ended. */
export interface Life {
  readonly name: string
  readonly world: Surroundings
  isAlive(): boolean
  /** As the world's, but for ever once the holder is dead. */
  point(label: string): Promise<void>
  never(): Promise<never>
  /** Keeps a lease that the system takes back when the holder dies. */
  hold(lease: Lease): Lease
  /** How many leases it has. */
  readonly leases: number
  end(): void
  /** The process stands still, whatever comes for it, until it is resumed. */
  suspend(): void
  resume(): void
  readonly isSuspended: boolean
}

export function createLife(name: string, world: Surroundings): Life {
  const leases = new Set<Lease>()
  let alive = true
  let suspended: PromiseWithResolvers<void> | undefined

  function giveBack(lease: Lease) {
    leases.delete(lease)
    void lease[Symbol.asyncDispose]()
  }

  return {
    name,
    world,
    isAlive: () => alive,
    async point(label) {
      await world.point(label)
      await suspended?.promise
      if (!alive) await this.never()
    },
    never: () => new Promise<never>(() => {}),
    hold(lease) {
      leases.add(lease)
      if (!alive) giveBack(lease)
      return {
        lost: lease.lost,
        remainingMilliseconds: lease.remainingMilliseconds?.bind(lease),
        async [Symbol.asyncDispose]() {
          world.say(`${name} gives the lease back`)
          giveBack(lease)
        },
      }
    },
    get leases() {
      return leases.size
    },
    suspend() {
      suspended ??= Promise.withResolvers()
    },
    resume() {
      suspended?.resolve()
      suspended = undefined
    },
    get isSuspended() {
      return suspended !== undefined
    },
    end() {
      alive = false
      for (const lease of leases) giveBack(lease)
    },
  }
}
