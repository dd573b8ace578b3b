import type { KubeObject } from '#api/kind.ts'
import type { Clock, Instant } from '#lib/clock.ts'
import type { Change } from './world.ts'

/** Everything that was written or refused, and everything that was done to the cluster, in order. */
export interface History {
  readonly entries: readonly HistoryEntry[]
  readonly writes: number
  note(entry: Omit<HistoryEntry, 'atMs'>): void
  /** One line an entry that `shows` (absent: all); the last `limit` of them. The same seed gives the same text. */
  text(limit?: number, shows?: (entry: HistoryEntry) => boolean): string
}

export interface HistoryEntry {
  /** Since the start. */
  readonly atMs: number
  /** `replicaset-controller@server-1`, `kubelet node-0`, `user`, `simulation`. */
  readonly who: string
  /** `POST pods`, `crash`. */
  readonly what: string
  /** `default/web-abc`. */
  readonly object: string
  /** What became of it: `rv 17`, `409 …`. */
  readonly result: string
  /** Only for commits. */
  readonly change?: Change
}

export function createHistory(clock: Clock): History {
  const start: Instant = clock.now()
  const entries: HistoryEntry[] = []
  let writes = 0
  return {
    entries,
    get writes() {
      return writes
    },
    note(entry) {
      if (entry.change !== undefined) writes += 1
      entries.push({ atMs: clock.now() - start, ...entry })
    },
    text(limit = Infinity, shows = () => true) {
      const shown = entries.filter(shows)
      return (limit === Infinity ? shown : shown.slice(-limit)).map(line).join('\n')
    },
  }
}

function line({ atMs, who, what, object, result, change }: HistoryEntry): string {
  const time = `${(atMs / 1000).toFixed(3)}s`.padStart(10)
  const detail = change === undefined ? '' : ` ${difference(change.before, change.after)}`
  return `${time} ${who}: ${what} ${object} → ${result}${detail}`
}

/** What changed, path by path, shortened: enough to follow a failure by eye. */
export function difference(before: KubeObject | undefined, after: KubeObject | undefined): string {
  if (after === undefined) return '(gone)'
  if (before === undefined) return summary(after)
  const parts: string[] = []
  compare(before, after, '', parts)
  const shown = parts.filter((part) => !part.startsWith('metadata.managedFields'))
  return shown.length > 12 ? `${shown.slice(0, 12).join(', ')} … ${shown.length - 12} more` : shown.join(', ')
}

function summary(object: KubeObject): string {
  // Claims of addresses and ports are no API objects.
  if (object.metadata === undefined) return JSON.stringify(object)
  const { uid, ownerReferences } = object.metadata
  const { spec } = object as { spec?: { replicas?: number; nodeName?: string } }
  const parts = [`uid ${uid?.slice(0, 8)}`]
  for (const owner of ownerReferences ?? []) parts.push(`of ${owner.kind} ${owner.name} ${owner.uid.slice(0, 8)}`)
  if (spec?.replicas !== undefined) parts.push(`replicas ${spec.replicas}`)
  return `(new: ${parts.join(', ')})`
}

function compare(before: unknown, after: unknown, path: string, parts: string[]): void {
  if (before === after) return
  if (isRecord(before) && isRecord(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)])
    for (const key of keys) compare(before[key], after[key], path === '' ? key : `${path}.${key}`, parts)
    return
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const named = new Map(before.map((item, index) => [nameOf(item, index), item]))
    for (const [index, item] of after.entries()) {
      const name = nameOf(item, index)
      compare(named.get(name), item, `${path}[${name}]`, parts)
      named.delete(name)
    }
    for (const name of named.keys()) parts.push(`${path}[${name}] gone`)
    return
  }
  parts.push(`${path}: ${shown(before)} → ${shown(after)}`)
}

function nameOf(item: unknown, index: number): string {
  if (!isRecord(item)) return String(index)
  const { type, name, uid, key } = item
  return String(type ?? name ?? uid ?? key ?? index)
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? '–'
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
