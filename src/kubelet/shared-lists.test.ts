import assert from 'node:assert/strict'
import { test } from 'node:test'
import { podUidLabel } from './pod/names.ts'
import type { Container, PodFilter, Runtime, Sandbox } from './runtime.ts'
import { withSharedLists } from './shared-lists.ts'

/** A runtime that has sandboxes of these pods, and answers each list when told. */
function listed(...pods: string[]) {
  const asked: (string | undefined)[] = []
  const answers: PromiseWithResolvers<void>[] = []
  const one = (uid: string) => ({ id: `of ${uid}`, labels: { [podUidLabel]: uid } })
  const runtime = withSharedLists({
    async sandboxes(filter?: PodFilter) {
      asked.push(filter?.podUid)
      const answer = Promise.withResolvers<void>()
      answers.push(answer)
      await answer.promise
      return pods.filter((uid) => filter === undefined || filter.podUid === uid).map(one) as unknown as Sandbox[]
    },
    containers: async () => [] as Container[],
  } satisfies Pick<Runtime, 'sandboxes' | 'containers'>)
  const ids = async (podUid?: string) => (await runtime.sandboxes(podUid === undefined ? undefined : { podUid })).map(({ id }) => id)
  return { asked, answers, ids, pods }
}

const turns = async () => {
  for (let left = 20; left > 0; left -= 1) await Promise.resolve()
}

test('one pod alone asks for itself', async () => {
  const { asked, answers, ids } = listed('a', 'b')
  const found = ids('a')
  await turns()
  assert.deepEqual(asked, ['a'])
  answers[0]!.resolve()
  assert.deepEqual(await found, ['of a'])
})

test('pods that ask together share one list, each getting its own, and who has nothing nothing', async () => {
  const { asked, answers, ids } = listed('a', 'b')
  const found = Promise.all(['a', 'b', 'c'].map(ids))
  await turns()
  assert.deepEqual(asked, [undefined])
  answers[0]!.resolve()
  assert.deepEqual(await found, [['of a'], ['of b'], []])
})

test('who asks while a list is being made gets a newer one', async () => {
  const { asked, answers, ids, pods } = listed('a')
  const first = Promise.all([ids('a'), ids('b')])
  await turns()
  const second = Promise.all([ids('a'), ids('b')])
  await turns()
  assert.deepEqual(asked, [undefined])
  answers[0]!.resolve()
  assert.deepEqual(await first, [['of a'], []])
  pods.push('b')
  await turns()
  assert.deepEqual(asked, [undefined, undefined])
  answers[1]!.resolve()
  assert.deepEqual(await second, [['of a'], ['of b']])
})

test('whoever comes while one pod asks waits for that, and shares with the others who do', async () => {
  const { asked, answers, ids } = listed('a', 'b', 'c')
  const found = [ids('a')]
  await turns()
  found.push(ids('b'))
  await turns()
  found.push(ids('c'))
  await turns()
  assert.deepEqual(asked, ['a'])
  answers[0]!.resolve()
  await turns()
  assert.deepEqual(asked, ['a', undefined])
  answers[1]!.resolve()
  assert.deepEqual(await Promise.all(found), [['of a'], ['of b'], ['of c']])
})

test('a list that fails fails for all who shared it, and for nobody after them', async () => {
  const { answers, ids } = listed('a', 'b')
  const first = Promise.allSettled([ids('a'), ids('b')])
  await turns()
  const second = ids('a')
  answers[0]!.reject(new Error('the runtime is away'))
  assert.deepEqual(
    (await first).map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  await turns()
  answers[1]!.resolve()
  assert.deepEqual(await second, ['of a'])
})

test('who wants everything is not put off', async () => {
  const { asked, ids } = listed('a')
  void ids()
  assert.deepEqual(asked, [undefined])
})
