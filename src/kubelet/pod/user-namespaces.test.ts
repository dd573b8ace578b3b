import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Files } from '../interfaces.ts'
import { memoryFiles } from '../test-node.ts'
import { idUnit } from './id-range.ts'
import { createUserNamespaces } from './user-namespaces.ts'

const pod = (uid: string, hostUsers?: boolean) => ({ metadata: { uid }, spec: { hostUsers } }) as unknown as Pod
const wholeRange = { hostId: idUnit, length: 2 ** 32 - idUnit }
const able = { name: '', userNamespaces: true }
/** Folders of pods, as a real disk lists them. */
const withFolders = (files: Files, uids: readonly string[]): Files => ({ ...files, list: async () => uids })

test('each pod has ids of its own, for all of its life and through restarts of the kubelet', async () => {
  const files = memoryFiles()
  const make = (uids: readonly string[] = []) =>
    createUserNamespaces({ files: withFolders(files, uids), rootDirectory: '/root', idsPerPod: 65_536 })
  const first = make()
  await first.load(wholeRange)
  const of = async (one: ReturnType<typeof make>, uid: string) => {
    const given = await one.of(pod(uid, false), able)
    return given?.mode === 'pod' ? given.uids[0]!.hostId / 65_536 : given
  }
  assert.deepEqual([await of(first, 'a'), await of(first, 'b'), await of(first, 'a')], [1, 2, 1])
  first.release('a')
  await files.remove('/root/pods/a')
  const second = make(['b', 'never'])
  await second.load(wholeRange)
  assert.deepEqual([await of(second, 'c'), await of(second, 'd'), await of(second, 'b')], [1, 3, 2])
  assert.deepEqual([await second.of(pod('e', true), able), await second.of(pod('e'), able)], [undefined, undefined])
})

test('after a change of the length pods keep their ranges, and new ones overlap none of them', async () => {
  const files = memoryFiles()
  const make = async (idsPerPod: number, uids: readonly string[]) => {
    const made = createUserNamespaces({ files: withFolders(files, uids), rootDirectory: '/root', idsPerPod })
    await made.load(wholeRange)
    return async (uid: string) => {
      const given = await made.of(pod(uid, false), able)
      const { hostId, length } = given?.mode === 'pod' ? given.uids[0]! : assert.fail()
      return [hostId / 65_536, length / 65_536]
    }
  }
  const before = await make(65_536, [])
  for (const uid of ['a', 'b', 'c']) await before(uid)
  await files.remove('/root/pods/b')
  const longer = await make(4 * 65_536, ['a', 'c'])
  assert.deepEqual(
    [await longer('c'), await longer('d'), await longer('e'), await longer('a')],
    [
      [3, 1],
      [4, 4],
      [8, 4],
      [1, 1],
    ],
  )
  const shorter = await make(65_536, ['c', 'd', 'e'])
  assert.deepEqual(
    [await shorter('f'), await shorter('g'), await shorter('h'), await shorter('d')],
    [
      [1, 1],
      [2, 1],
      [12, 1],
      [4, 4],
    ],
  )
})

test('what the administrator set aside is given out and nothing else; who had others keeps them', async () => {
  const files = memoryFiles()
  const make = (uids: readonly string[]) =>
    createUserNamespaces({ files: withFolders(files, uids), rootDirectory: '/root', idsPerPod: idUnit })
  const before = make([])
  await before.load(wholeRange)
  await before.of(pod('old', false), able)
  const after = make(['old'])
  await after.load({ hostId: 8 * idUnit, length: 2 * idUnit })
  const of = async (uid: string) => {
    const given = await after.of(pod(uid, false), able)
    return given?.mode === 'pod' && given.uids[0]!.hostId / idUnit
  }
  assert.deepEqual([await of('a'), await of('b'), await of('old')], [8, 9, 1])
  await assert.rejects(of('c'), /could not find an empty slot/)
})

test('nodes of one machine begin at different ids, and each comes to all of them', async () => {
  const make = async (nodeName: string, length: number) => {
    const made = createUserNamespaces({ files: memoryFiles(), rootDirectory: '/root', idsPerPod: idUnit, nodeName })
    await made.load({ hostId: idUnit, length })
    return async (uid: string) => {
      const given = await made.of(pod(uid, false), able)
      return given?.mode === 'pod' ? given.uids[0]!.hostId / idUnit : assert.fail()
    }
  }
  const whole = 2 ** 32 - idUnit
  const [one, two] = [await (await make('vm', whole))('a'), await (await make('vm-2', whole))('a')]
  assert.ok(Math.abs(one - two) > 110, `${one} and ${two}`)
  const few = await make('vm-2', 3 * idUnit)
  assert.deepEqual([await few('a'), await few('b'), await few('c')].sort(), [1, 2, 3])
  await assert.rejects(few('d'), /could not find an empty slot/)
})

test('ids without a record are given to nobody', async () => {
  const files = memoryFiles()
  let isFull = true
  const write: Files['write'] = async (...args) => {
    await Promise.resolve()
    if (isFull) throw new Error('no space left on device')
    return files.write(...args)
  }
  const some = createUserNamespaces({ files: { ...files, write }, rootDirectory: '/root', idsPerPod: 65_536 })
  await some.load(wholeRange)
  for (const answer of await Promise.allSettled([some.of(pod('a', false), able), some.of(pod('a', false), able)]))
    assert.equal(answer.status, 'rejected')
  await assert.rejects(some.of(pod('a', false), able), /no space/)
  isFull = false
  await Promise.all([some.of(pod('a', false), able), some.of(pod('a', false), able)])
  assert.ok(await files.read('/root/pods/a/userns', 100))
})

test('ids end, and what begins among the node’s own users is not believed', async () => {
  const files = memoryFiles()
  const make = () => createUserNamespaces({ files: withFolders(files, ['a']), rootDirectory: '/root', idsPerPod: 2 ** 31 })
  const few = make()
  await few.load({ hostId: 2 ** 31, length: 2 ** 31 })
  await few.of(pod('a', false), able)
  await assert.rejects(few.of(pod('b', false), able), /could not find an empty slot/)
  await assert.rejects(few.of(pod('b', false), { name: 'kata', userNamespaces: false }), /RuntimeClass handler "kata" does not support/)
  await files.write('/root/pods/a/userns', JSON.stringify({ hostId: 0, length: 65_536 }), 0o600)
  await assert.rejects(make().load(wholeRange), /would begin at 0/)
})
