import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readBody } from '#lib/http.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { refusal } from '../admission/refusal.ts'
import type { Admission, AdmissionPlugin } from '../contract.ts'
import { createTestServer } from '../testing.ts'

// What admission is asked, and how often, as the reference asks webhooks: `admit` and `validate` always come in turn, so one line stands for
// both. A line has the object as it was before, with a dagger and its grace once it is on its way, and the options that say something.

const bound = { nodeName: 'n' }
const held = { finalizers: ['example.com/x'] }

check('an object that goes at once', [['DELETE', 'configmaps/a']], ['a'])
check('a dry run', [['DELETE', 'configmaps/a?dryRun=All']], ['a dryRun=All'])
check('one that is held', [['DELETE', 'configmaps/held']], ['held'])
check(
  'and is deleted once more',
  [
    ['DELETE', 'configmaps/held'],
    ['DELETE', 'configmaps/held'],
  ],
  ['held', 'held†0'],
)
check('a precondition that fails comes before', [['DELETE', 'configmaps/a', { preconditions: { uid: 'x' } }]], [])
check(
  'a pod that goes at once is marked, then removed',
  [['DELETE', 'pods/free']],
  ['free gracePeriodSeconds=0', 'free†0 gracePeriodSeconds=0'],
)
check(
  'whatever grace it is given',
  [['DELETE', 'pods/free?gracePeriodSeconds=30']],
  ['free gracePeriodSeconds=0', 'free†0 gracePeriodSeconds=0'],
)
check('a dry run of that is asked for once', [['DELETE', 'pods/free?dryRun=All']], ['free gracePeriodSeconds=0 dryRun=All'])
check('a pod with grace', [['DELETE', 'pods/bound']], ['bound gracePeriodSeconds=30'])
check(
  'which goes already: nobody is asked',
  [
    ['DELETE', 'pods/bound'],
    ['DELETE', 'pods/bound'],
  ],
  ['bound gracePeriodSeconds=30'],
)
check(
  'unless it is to go sooner',
  [
    ['DELETE', 'pods/bound'],
    ['DELETE', 'pods/bound?gracePeriodSeconds=10'],
    ['DELETE', 'pods/bound?gracePeriodSeconds=20'],
    ['DELETE', 'pods/bound?gracePeriodSeconds=0'],
  ],
  ['bound gracePeriodSeconds=30', 'bound†30 gracePeriodSeconds=10', 'bound†10 gracePeriodSeconds=0', 'bound†0 gracePeriodSeconds=0'],
)
check(
  'a negative grace is one second',
  [
    ['DELETE', 'pods/bound?gracePeriodSeconds=1'],
    ['DELETE', 'pods/bound?gracePeriodSeconds=-1'],
  ],
  ['bound gracePeriodSeconds=1'],
)
check('a pod that is held is marked only', [['DELETE', 'pods/heldpod']], ['heldpod gracePeriodSeconds=0'])
check('a collection, one after the other, by no name and with the options of all', [['DELETE', 'configmaps']], ['a', 'b', 'c', 'held'])
check('a collection of pods', [['DELETE', 'pods']], ['bound', 'free', 'free†0', 'heldpod'])
check(
  'what goes already is passed over there too',
  [
    ['DELETE', 'pods'],
    ['DELETE', 'pods'],
  ],
  ['bound', 'free', 'free†0', 'heldpod', 'heldpod†0'],
)
check('a refusal ends a collection', [['DELETE', 'configmaps']], ['a', 'b'], { refuses: 'b', left: 'configmaps b,c,held' })
check(
  'a pod that may not be removed is marked all the same',
  [['DELETE', 'pods/free']],
  ['free gracePeriodSeconds=0', 'free†0 gracePeriodSeconds=0'],
  {
    refuses: 'free†0',
    left: 'pods bound,free†0,heldpod',
  },
)
check('a namespace, with the one that is meant', [['DELETE', '']], ['n preconditions=uid'])
check(
  'of which nobody is asked again while its content goes',
  [
    ['DELETE', ''],
    ['DELETE', ''],
  ],
  ['n preconditions=uid'],
)

type Request = readonly [method: string, path: string, body?: object]

interface Options {
  /** The line that is refused. */
  readonly refuses?: string
  /** What stands in the end. */
  readonly left?: string
}

function check(name: string, requests: readonly Request[], wanted: readonly string[], { refuses, left }: Options = {}): void {
  test(name, async () => {
    const seen: string[] = []
    const tell = (phase: string, admission: Admission): void => {
      const { previous, options, attributes } = admission
      assert.equal(attributes.name, attributes.verb === 'deletecollection' ? '' : previous?.metadata.name)
      const line = [shown(previous?.metadata), ...optionTexts(options)].join(' ')
      seen.push(`${phase} ${line}`)
      if (phase === 'validate' && shown(previous?.metadata) === refuses) throw refusal(admission, 'no')
    }
    const plugin: AdmissionPlugin = {
      name: 'ValidatingAdmissionWebhook',
      operations: ['DELETE'],
      resources: ['configmaps', 'pods', 'namespaces'],
      async admit(admission) {
        tell('admit', admission)
        return admission.object
      },
      validate: async (admission) => tell('validate', admission),
    }
    const server = await createTestServer({ clock: createVirtualClock(0), admission: [plugin] })
    const send = async (method: string, path: string, body?: object): Promise<Answer> => {
      const root = '/api/v1/namespaces/n'
      const answer = await server.transport({
        method,
        path: path === '' ? root : `${root}/${path}`,
        headers: {},
        ...(body && { body: Buffer.from(JSON.stringify(body)) }),
      })
      return JSON.parse(Buffer.from(await readBody(answer.body)).toString())
    }
    await server.transport({ method: 'POST', path: '/api/v1/namespaces', headers: {}, body: Buffer.from('{"metadata":{"name":"n"}}') })
    for (const metadata of [{ name: 'c' }, { name: 'a' }, { name: 'b' }, { name: 'held', ...held }])
      await send('POST', 'configmaps', { metadata })
    await send('POST', 'serviceaccounts', { metadata: { name: 'default' } })
    const spec = { serviceAccountName: 'default', automountServiceAccountToken: false, containers: [{ name: 'a', image: 'b' }] }
    await send('POST', 'pods', { metadata: { name: 'free' }, spec })
    await send('POST', 'pods', { metadata: { name: 'bound' }, spec: { ...spec, ...bound } })
    await send('POST', 'pods', { metadata: { name: 'heldpod', ...held }, spec })
    for (const [method, path, body] of requests) await send(method, path, body)
    assert.deepEqual(
      seen,
      wanted.flatMap((line) => [`admit ${line}`, `validate ${line}`]),
    )
    if (left !== undefined) {
      const [resource, names] = left.split(' ') as [string, string]
      const { items = [] } = await send('GET', resource)
      assert.equal(items.map(({ metadata }) => shown(metadata)).join(), names)
    }
    await server.close()
  })
}

interface Answer {
  readonly items?: readonly { readonly metadata: Shown }[]
}
interface Shown {
  readonly name: string
  readonly deletionTimestamp?: string | undefined
  readonly deletionGracePeriodSeconds?: number | bigint | undefined
}

const shown = (metadata: Shown | undefined): string =>
  metadata === undefined
    ? ''
    : `${metadata.name}${metadata.deletionTimestamp === undefined ? '' : `†${metadata.deletionGracePeriodSeconds}`}`

const optionTexts = (options: Admission['options']): string[] =>
  Object.entries(options)
    .filter(([name]) => name !== 'kind' && name !== 'apiVersion')
    .map(([name, value]) => `${name}=${typeof value === 'object' && !Array.isArray(value) ? Object.keys(value as object).join() : value}`)
    .sort((a, b) => (a < b ? 1 : -1))
