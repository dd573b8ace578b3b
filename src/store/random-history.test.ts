import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { isError } from '#lib/errors.ts'
import { put, remove } from './contract.ts'
import { createMemoryStore } from './memory.ts'
import { openSqliteStore } from './sqlite.ts'
import type { Store } from './store.ts'

const directory = mkdtempSync(join(tmpdir(), 'wherry-history-'))
after(() => rmSync(directory, { recursive: true, force: true }))
let files = 0

check('memory', 300, async () => createMemoryStore())
check('SQLite', 40, () => openSqliteStore({ path: join(directory, `${(files += 1)}.db`) }))

/** Whatever happens to a store, it answers as the simplest model does: the list of all its states. */
function check(name: string, numRuns: number, open: () => Promise<Store>): void {
  test(`${name}: random histories agree with the model`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
        const store = await open()
        try {
          await play(store, steps)
        } finally {
          await store.close()
        }
      }),
      { numRuns, examples: found },
    )
  })
}

const key = fc.constantFrom('/a', '/a/b', '/a/c', '/ab', '/b', '/\uffee', '/\u{1f600}')
/** `behind`: how many revisions the condition is behind the truth; undefined: none is made. */
const change = fc.record({ key, delete: fc.boolean(), behind: fc.option(fc.constantFrom(0, 0, 0, 1), { nil: undefined }) })
const commit = fc.uniqueArray(change, { selector: ({ key }) => key, minLength: 1, maxLength: 4 })
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('commit' as const), commits: fc.array(commit, { minLength: 1, maxLength: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('compact' as const), behind: fc.nat(6) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('range' as const),
      prefix: fc.constantFrom('', '/', '/a', '/a/'),
      from: key,
      limit: fc.constantFrom(0, 1, 2, 100),
      behind: fc.nat(8),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('watch' as const), prefix: fc.constantFrom('', '/a', '/a/'), behind: fc.nat(8) }) },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** What has gone wrong once: a key that is past the prefix, asked for from there with a limit of nothing. */
const found: [Step[]][] = [
  [
    [
      {
        do: 'commit',
        commits: [[{ key: '/\uffee', delete: false, behind: undefined }], [{ key: '/a', delete: false, behind: undefined }]],
      },
      { do: 'range', prefix: '/a/', from: '/\uffee', limit: 0, behind: 0 },
    ],
  ],
]

interface Value {
  readonly value: string
  readonly createRevision: number
  readonly modRevision: number
}
type State = ReadonlyMap<string, Value>

async function play(store: Store, steps: readonly Step[]): Promise<void> {
  const base = await store.revision()
  /** The state at revision `base + index`. */
  const states: State[] = [new Map()]
  let compacted = 0
  const present = () => states.at(-1)!
  const revision = () => base + states.length - 1

  for (const [number, action] of steps.entries()) {
    switch (action.do) {
      case 'commit': {
        // Called at once, so that SQLite makes one batch of them: each still stands for itself, in order.
        const calls = action.commits.map((changes, i) => {
          const operations = changes.map((one) => (one.delete ? remove(one.key) : put(one.key, `${number}.${i}`)))
          const conditions = changes
            .filter((one) => one.behind !== undefined)
            .map((one) => ({ key: one.key, modRevision: (present().get(one.key)?.modRevision ?? 0) + (one.behind === 1 ? 1000 : 0) }))
          const met = conditions.every(({ key: at, modRevision }) => (present().get(at)?.modRevision ?? 0) === modRevision)
          const next = new Map(present())
          let changed = false
          for (const one of changes) {
            const modRevision = revision() + 1
            if (!one.delete) {
              next.set(one.key, {
                value: `${number}.${i}`,
                createRevision: present().get(one.key)?.createRevision ?? modRevision,
                modRevision,
              })
              changed = true
            } else if (next.delete(one.key)) changed = true
          }
          if (met && changed) states.push(next)
          return { call: store.commit(operations, conditions), met, revision: revision() }
        })
        for (const { call, met, revision: wanted } of calls) {
          const result = await call
          assert.deepEqual([result.done, result.revision], [met, wanted])
        }
        break
      }
      case 'compact': {
        const target = Math.max(0, revision() - action.behind)
        await store.compact(target)
        compacted = Math.max(compacted, target)
        break
      }
      case 'range': {
        const { prefix, from, limit } = action
        const at = Math.max(0, revision() - action.behind)
        const call = store.range(prefix, { from, limit, revision: at })
        if (at < compacted) await assert.rejects(call, (error) => isError(error, 'Expired'))
        else if (at >= base) {
          const range = await call
          const wanted = expected(states[at - base]!, prefix, from)
          assert.deepEqual(
            range.entries.map(({ value, ...rest }) => ({ ...rest, value: Buffer.from(value).toString() })),
            wanted.slice(0, limit),
          )
          assert.deepEqual([range.revision, range.remaining], [at, Math.max(0, wanted.length - limit)])
        } else await call
        break
      }
      case 'watch': {
        const from = Math.max(base, revision() - action.behind)
        const wanted: string[] = []
        for (let at = from + 1; at <= revision(); at += 1)
          wanted.push(...differences(states[at - base - 1]!, states[at - base]!, at, action.prefix))
        if (from < compacted)
          await assert.rejects(store.watch(action.prefix, from)[Symbol.asyncIterator]().next(), (error) => isError(error, 'Expired'))
        else assert.deepEqual((await watched(store, action.prefix, from, wanted.length)).sort(), wanted.sort())
      }
    }
  }
  assert.equal(await store.revision(), revision())
}

const utf8 = (text: string) => Buffer.from(text)

function expected(state: State, prefix: string, from: string) {
  return [...state]
    .map(([at, value]) => ({ key: at, ...value }))
    .filter((entry) => entry.key.startsWith(prefix) && utf8(entry.key).compare(utf8(from)) >= 0)
    .sort((a, b) => utf8(a.key).compare(utf8(b.key)))
}

function differences(before: State, after: State, at: number, prefix: string): string[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((name) => name.startsWith(prefix) && before.get(name)?.modRevision !== after.get(name)?.modRevision)
    .map((name) => `${at} ${name} ${after.get(name)?.value}`)
}

async function watched(store: Store, prefix: string, from: number, count: number): Promise<string[]> {
  const seen: string[] = []
  if (count === 0) return seen
  for await (const events of store.watch(prefix, from)) {
    for (const { key: at, revision, entry } of events) seen.push(`${revision} ${at} ${entry && Buffer.from(entry.value).toString()}`)
    if (seen.length >= count) break
  }
  return seen
}
