import type { SessionNotice } from './session-notices.ts'
import { tellListener } from './tell-listener.ts'

/** The notices of a session, and who listens to them. */
export interface NoticeBoard {
  /** Calls back on the notices of a type, or on all (`*`). Returns a function that ends that. */
  on(type: SessionNotice['type'] | '*', listener: (notice: never) => void): () => void
  /** Takes a notice, to be delivered soon. */
  add(notice: SessionNotice): void
  /** Tells the listeners what was added, in its order. */
  deliver(): void
}

export function createNoticeBoard(): NoticeBoard {
  let entries: readonly { type: string; listener: (notice: never) => void }[] = []
  let added: SessionNotice[] = []
  return {
    on(type, listener) {
      const entry = { type, listener }
      entries = [...entries, entry]
      return () => {
        entries = entries.filter((other) => other !== entry)
      }
    },
    add: (notice) => void added.push(notice),
    deliver() {
      const notices = added
      added = []
      for (const notice of notices) {
        for (const { type, listener } of entries) {
          if (type === '*' || type === notice.type) tellListener(`"${notice.type}"`, () => listener(notice as never))
        }
      }
    },
  }
}
