import type { Happening, What } from './happenings.ts'

/** What happened to one subject at one time, in one sentence. */
export interface Line {
  /** Since the manifests were applied. */
  readonly atMs: number
  readonly subject: string
  readonly what: What
  readonly text: string
  /** How many objects it tells of. */
  readonly count: number
  /** Their names, and the details in the order of the objects. */
  readonly objects: readonly string[]
  readonly details: readonly string[]
}

export interface Timeline {
  tell(atMs: number, happenings: readonly Happening[]): void
  /** In order of time; what is alike and happens within a second is one line. */
  lines(): readonly Line[]
}

export function createTimeline(): Timeline {
  const groups: Group[] = []
  /** Those of the present second. */
  let open = new Map<string, Group>()
  let second = -1
  return {
    tell(atMs, happenings) {
      const now = Math.floor(atMs / 1000)
      if (now !== second) {
        open = new Map()
        second = now
      }
      for (const happening of happenings) {
        const key = keyOf(happening)
        const known = open.get(key)
        if (known === undefined) {
          const group = { atMs, happenings: [happening] }
          open.set(key, group)
          groups.push(group)
        } else if (happening.what === 'ready') {
          // Only what it came to counts, and that belongs after what led to it.
          groups.splice(groups.indexOf(known), 1)
          known.happenings = [happening]
          groups.push(known)
        } else known.happenings.push(happening)
      }
    },
    lines: () => groups.map(lineOf),
  }
}

interface Group {
  readonly atMs: number
  happenings: Happening[]
}

/** Where pods went is told in one line; why they wait is told reason by reason. */
const keyOf = ({ subject, what, detail = '' }: Happening): string =>
  what === 'scheduled' || what === 'ready' || what === 'applied' ? `${subject}\n${what}` : `${subject}\n${what}\n${detail}`

function lineOf({ atMs, happenings }: Group): Line {
  const { subject, what, detail } = happenings[0]!
  const objects = happenings.flatMap(({ object }) => object ?? [])
  const count = happenings.length
  return {
    atMs,
    subject,
    what,
    text: texts[what](happenings, detail ?? ''),
    count,
    objects,
    details: happenings.flatMap(({ detail: one }) => one ?? []),
  }
}

const counted = (happenings: readonly Happening[], noun = 'pod'): string =>
  `${happenings.length} ${noun}${happenings.length === 1 ? '' : 's'}`

const texts: Readonly<Record<What, (happenings: readonly Happening[], detail: string) => string>> = {
  applied: (happenings) =>
    [...tally(happenings.map(({ detail }) => detail ?? ''))].map(([kind, count]) => (count === 1 ? kind : `${count} ${kind}s`)).join(', '),
  fault: (_, detail) => detail,
  created: (happenings, detail) => `${counted(happenings, detail || 'pod')} created`,
  scheduled: (happenings) => `${counted(happenings)} scheduled: ${nodesOf(happenings)}`,
  unschedulable: (happenings, detail) => `${counted(happenings)} cannot be scheduled: ${detail}`,
  waiting: (happenings, detail) => `${counted(happenings)} waiting: ${detail}`,
  crashed: (happenings, detail) => (happenings.length === 1 ? `${happenings[0]!.object}: ${detail}` : `${counted(happenings)}: ${detail}`),
  completed: (happenings) => `${counted(happenings)} completed`,
  failed: (happenings, detail) => `${counted(happenings)} failed: ${detail}`,
  evicted: (happenings, detail) => `${counted(happenings)} evicted from ${detail.replace(': ', ' (')})`,
  deleted: (happenings, detail) =>
    happenings[0]!.object === undefined ? `deleted by ${detail}` : `${counted(happenings)} deleted by ${detail}`,
  gone: (happenings) => `${counted(happenings)} removed after the end`,
  ready: (happenings) => happenings.at(-1)!.detail ?? '',
  scaled: (_, detail) => detail,
  condition: (_, detail) => detail,
  warning: (_, detail) => detail,
  node: (_, detail) => detail,
}

function nodesOf(happenings: readonly Happening[]): string {
  return [...tally(happenings.map(({ detail }) => detail ?? ''))]
    .toSorted(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
    .map(([node, count]) => (count === 1 ? node : `${node} (${count})`))
    .join(', ')
}

function tally(values: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}
