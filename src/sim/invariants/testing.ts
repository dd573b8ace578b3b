import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createWorld } from '../world.ts'
import type { Invariant, Scene } from './invariant.ts'

/** A commit: who wrote, and what: objects by key, undefined means a delete; `at` in seconds; the path and the method of the request where they matter. */
export type Commit = readonly [
  who: string,
  objects: Readonly<Record<string, object | undefined>>,
  at?: number,
  path?: string,
  verb?: string,
]

/** What an invariant says to these commits, and then at rest: sentences that match, one a pattern. */
export function check(name: string, make: (scene: Scene) => Invariant, commits: readonly Commit[], expected: readonly RegExp[]): void {
  test(name, () => {
    const world = createWorld()
    const invariant = make({ world, nodes: 1, staleMs: 1_000, podsAreDisturbed: false })
    const problems: string[] = []
    for (const [index, [who, objects, at = 0, path = '', verb = 'PUT']] of commits.entries()) {
      const operations = Object.entries(objects).map(([key, object]) =>
        object === undefined
          ? ({ do: 'delete', key } as const)
          : ({ do: 'put', key, value: new TextEncoder().encode(JSON.stringify({ apiVersion: 'v1', ...object })) } as const),
      )
      const [part = '', process] = who.split('@')
      const changes = world.apply(operations, index + 2)
      problems.push(...(invariant.onCommit?.(changes, { name: part, process, verb, path }, at * 1_000) ?? []))
    }
    problems.push(...(invariant.atRest?.((commits.at(-1)?.[2] ?? 0) * 1_000) ?? []))
    assert.equal(problems.length, expected.length, problems.join('\n'))
    for (const [index, pattern] of expected.entries()) assert.match(problems[index]!, pattern)
  })
}
