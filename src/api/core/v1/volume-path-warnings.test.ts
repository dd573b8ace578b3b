import assert from 'node:assert/strict'
import { test } from 'node:test'
import { overlappingPathWarnings } from './volume-path-warnings.ts'

const items = (paths: readonly string[]) => paths.map((path, i) => ({ key: `k${i}`, path }))

function check(paths: readonly string[], wanted: readonly string[]): void {
  test(paths.join(' ') || 'nothing', () => {
    const found = overlappingPathWarnings([{ name: 'v', secret: { secretName: 's', items: items(paths) } } as never])
    assert.deepEqual(
      found,
      wanted.map((text) => `volume "v" (Secret "s"): overlapping paths: ${text}`),
    )
  })
}

check([], [])
check(['a', 'ab', 'a-b', 'b/a'], [])
check(['a', 'a'], ['"a" with "a"'])
check(['a/b/', 'a'], ['"a" with "a/b"'])
check(['a/b', 'a/c', 'a', 'a/b/d'], ['"a" with "a/b"', '"a" with "a/c"', '"a/b/d" with "a/b"', '"a/b/d" with "a"'])
check(['', '/'], [])

test('sources of a projected volume meet each other, and an empty one is told of in its place', () => {
  const sources = [
    { configMap: { name: 'm', items: items(['a/x']) } },
    {},
    { secret: { name: 's', items: items(['a']) } },
    { serviceAccountToken: { path: 'a/x' } },
  ]
  assert.deepEqual(overlappingPathWarnings([{ name: 'v', projected: { sources } } as never]), [
    'volume "v" (Projected) has no sources provided',
    'volume "v" (Projected): overlapping paths: "a" (Secret "s") with "a/x" (ConfigMap "m")',
    'volume "v" (Projected): overlapping paths: "a/x" (ServiceAccountToken) with "a/x" (ConfigMap "m")',
    'volume "v" (Projected): overlapping paths: "a/x" (ServiceAccountToken) with "a" (Secret "s")',
  ])
})

test('tens of thousands of files, and paths of nothing but slashes, take no longer than their reading', () => {
  const many = Array.from({ length: 50_000 }, (_, i) => `folder/${i}`)
  for (const paths of [
    many,
    many.map(() => 'folder/same'),
    [`a${'/'.repeat(1_000_000)}x`],
    many.map((path) => `${path}${'/'.repeat(20)}x`),
  ]) {
    const startedMs = performance.now()
    overlappingPathWarnings([{ name: 'v', secret: { secretName: 's', items: items(paths) } } as never])
    assert.ok(performance.now() - startedMs < 5000, `${paths.length} paths`)
  }
})
