import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import { nestedPlaces } from './nested-places.ts'

type Mounts = Readonly<Record<string, readonly string[]>>

check('nothing inside', { v: ['/dir'], w: ['/other', '/dirty', '/dir.d'] }, [])
check('one inside, and one deeper', { v: ['/dir'], w: ['/dir/a', '/dir/b/c'] }, ['a', 'b/c'])
check('inside each other: the outer one', { v: ['/dir'], w: ['/dir/a/b', '/dir/a', '/dir/a-b', '/dir/a.b'] }, ['a', 'a-b', 'a.b'])
check('the volume inside of itself', { v: ['/dir', '/dir/again'] }, ['again'])
check('wherever the volume is', { v: ['/one', '/two/'], w: ['/one/a', '//two/./b/'] }, ['a', 'b'])
check('paths without a slash, and paths that lead out', { v: ['dir'], w: ['dir/a', 'x/../dir/b', '/../../dir/c'] }, ['a', 'b', 'c'])
check('a volume that is everything', { v: ['/'], w: ['/etc'] }, ['etc'])

test('all containers count', () => {
  const of = (...paths: readonly string[]) => ({
    volumeMounts: [{ name: 'v', mountPath: '/v' }, ...paths.map((mountPath) => ({ name: 'w', mountPath }))],
  })
  const spec = { containers: [of('/v/a')], initContainers: [of('/v/b')], ephemeralContainers: [of('/v/a', '/v/c')] }
  assert.deepEqual(nestedPlaces({ spec } as unknown as Pod, 'v'), ['a', 'b', 'c'])
})

function check(title: string, mounts: Mounts, places: readonly string[]): void {
  test(title, () => {
    const volumeMounts = Object.entries(mounts).flatMap(([name, paths]) => paths.map((mountPath) => ({ name, mountPath })))
    assert.deepEqual(nestedPlaces({ spec: { containers: [{ volumeMounts }] } } as unknown as Pod, 'v'), places)
  })
}
