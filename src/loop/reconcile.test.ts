import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret } from '#api/core/v1/secret.ts'
import type { Client } from '#client/client.ts'
import { WherryError } from '#lib/errors.ts'
import { createReconciler, type NotedChange } from './reconcile.ts'
import { createScene } from './testing.ts'

const wish = (resourceVersion: string): NotedChange => ({ ...change(resourceVersion), isWish: true })
const change = (resourceVersion: string): NotedChange => ({
  group: '',
  resource: 'configmaps',
  namespace: 'x',
  name: 'm',
  resourceVersion,
  isWish: false,
})

/** What a write is said to be because of, the first time, when `meanwhile` comes and it fails, and the second time. */
function check(first: NotedChange, meanwhile: NotedChange | undefined, want: readonly string[]): void {
  const told = [first, meanwhile].map((one) => one && `${one.isWish ? 'wish' : 'change'} ${one.resourceVersion}`)
  test(`${told[0]}, then ${told[1] ?? 'nothing'} while it fails: ${want.join(', ')}`, async () => {
    const { clock, log } = createScene()
    const causes: string[] = []
    const client = {
      because: ({ resourceVersion }: NotedChange) => ({
        async create() {
          causes.push(resourceVersion)
          if (causes.length > 1) return { metadata: { uid: 'u', resourceVersion: '9' } }
          if (meanwhile !== undefined) reconciler.because('m', meanwhile)
          throw new WherryError('InternalError', 'not now')
        },
      }),
    } as unknown as Client
    const reconciler = createReconciler({
      controller: {
        name: 'writer',
        sources: [],
        view: () => 'anything',
        plan: () => ({
          commands: [{ do: 'create', kind: Secret, namespace: 'x', object: { metadata: { name: 's' } } }],
          wakeAt: Number.POSITIVE_INFINITY,
        }),
      },
      cache: {} as never,
      clock,
      log,
      hands: { client, fieldManager: 'writer', recorder: { record: () => {} }, informerOf: () => undefined },
    })
    reconciler.because('m', first)
    assert.deepEqual(await reconciler.reconcile('m'), { again: 'later' })
    await reconciler.reconcile('m')
    assert.deepEqual(causes, want)
  })
}

check(wish('1'), undefined, ['1', '1'])
check(change('1'), undefined, ['1', '1'])
check(wish('1'), wish('2'), ['1', '2'])
check(change('1'), change('2'), ['1', '2'])
check(change('1'), wish('2'), ['1', '2'])
check(wish('1'), change('2'), ['1', '1'])
