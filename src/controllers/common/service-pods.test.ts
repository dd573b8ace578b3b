import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pod } from '#api/core/v1/pod.ts'
import { Service } from '#api/core/v1/service.ts'
import { namespace, pod } from '../testing/objects.ts'
import { World } from '../testing/world.ts'
import { selectsPods } from './service-indexes.ts'
import { podsOf, servicesOfPod } from './service-pods.ts'

type Labels = Readonly<Record<string, string>>

/** Services by their selectors; the pod `p` with these labels, which it had before. */
function check(
  title: string,
  services: Readonly<Record<string, Labels | undefined>>,
  labels: { readonly now: Labels; readonly before?: Labels },
  wanted: { readonly told: readonly string[]; readonly choose: readonly string[] },
): void {
  test(title, () => {
    const world = new World()
    const elsewhere = { app: 'web' }
    world.put(Service, { metadata: { name: 'foreign', namespace: 'other' }, spec: { selector: elsewhere } })
    for (const [name, selector] of Object.entries(services))
      world.put(Service, { metadata: { name, namespace }, spec: { type: selector === undefined ? 'ExternalName' : 'ClusterIP', selector } })
    const previous = labels.before && world.put(Pod, pod('p', { labels: labels.before, ip: '10.0.0.1' }))
    const present = world.put(Pod, pod('p', { labels: labels.now, ip: '10.0.0.1' }))
    const named = (keys: readonly string[]) => keys.map((key) => key.replace(`${namespace}/`, '')).toSorted()
    assert.deepEqual(named(servicesOfPod(present, world, previous)), wanted.told)
    const choosing = Object.keys(services).filter((name) => {
      const service = world.get(Service, name, namespace)!
      return selectsPods(service) && podsOf(service, world).length > 0
    })
    assert.deepEqual(choosing.toSorted(), wanted.choose)
  })
}

const web = { app: 'web' }
check(
  'all labels of a selector count',
  { one: web, both: { app: 'web', tier: 'front' }, other: { app: 'db' } },
  { now: web },
  {
    told: ['one'],
    choose: ['one'],
  },
)
check(
  'labels beside those of the selector do not',
  { one: web, both: { tier: 'front', app: 'web' } },
  { now: { ...web, tier: 'front', x: 'y' } },
  {
    told: ['both', 'one'],
    choose: ['both', 'one'],
  },
)
check(
  'a pod that changes its labels concerns those that it leaves',
  { one: web, other: { app: 'db' } },
  { now: { app: 'db' }, before: web },
  {
    told: ['one', 'other'],
    choose: ['other'],
  },
)
check('a pod without labels too', { one: web }, { now: {}, before: web }, { told: ['one'], choose: [] })
check('an empty selector chooses every pod', { all: {} }, { now: {} }, { told: ['all'], choose: ['all'] })
check('a name for something outside chooses none', { outside: undefined }, { now: web }, { told: [], choose: [] })
