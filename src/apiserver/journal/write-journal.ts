import { causeHeader, parseCause, type WriteEntry } from '#lib/cause.ts'
import type { Clock } from '#lib/clock.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import type { Write } from '../context.ts'

/** Who wrote an object lately, and because of what: the answer to "why is it so", kept in memory only and bounded. */
export interface WriteJournal {
  note(write: Write, key: string, revision: number): void
  /** Of one object, oldest first. */
  of(key: string): readonly WriteEntry[]
}

/** By which clock writes are noted, and how many. */
export interface WriteJournalOptions {
  readonly clock: Pick<Clock, 'now'>
  /** Of all objects together; default 10,000, which is a few megabytes. */
  readonly entriesMax?: number
}

/** An empty journal: what was written before the server began is not in it. */
export function createWriteJournal({ clock, entriesMax = 10_000 }: WriteJournalOptions): WriteJournal {
  /** By key, in the order of their latest writes, so that the first is the one that matters least. */
  const objects = new Map<string, WriteEntry[]>()
  let count = 0

  return {
    note(write, key, revision) {
      const entries = objects.get(key) ?? []
      objects.delete(key)
      objects.set(key, entries)
      entries.push(entryOf(write, revision, rfc3339(clock.now())))
      count += 1
      if (entries.length > entriesOfOneMax) {
        // How an object came to be says more than what it went through in between.
        entries.splice(1, 1)
        count -= 1
      }
      while (count > entriesMax) {
        const [oldest, gone] = objects.entries().next().value!
        objects.delete(oldest)
        count -= gone.length
      }
    },
    of: (key) => [...(objects.get(key) ?? [])],
  }
}

/** A Lease is written every few seconds; it must not drive out what happens once. */
const entriesOfOneMax = 12

function entryOf({ user, manager, verb, subresource, record, partOf }: Write, revision: number, time: string): WriteEntry {
  const told = (record?.request ?? partOf)?.headers[causeHeader]
  const cause = typeof told === 'string' ? parseCause(told) : undefined
  return { revision, time, user: user.name, manager: manager ?? 'kube-apiserver', verb, subresource, ...(cause && { cause }) }
}
