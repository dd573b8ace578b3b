import type { Area } from '../generator.ts'
import { selectorOf } from './affinity.ts'

/** PodTopologySpread: constraints of pods, and those that services and owners give by default. */
export const spread: Area = {
  setUp({ chance, objects, names }) {
    names['owner'] = []
    for (const app of ['web', 'db']) {
      if (chance.is(40))
        objects.push({
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name: `svc${objects.length}`, namespace: 'alpha' },
          spec: { selector: { app }, clusterIP: 'None', ports: [{ port: 80 }] },
        })
      if (chance.is(40)) {
        const kind = chance.pick(['ReplicaSet', 'StatefulSet', 'ReplicationController'])
        const name = `rs${objects.length}`
        const labels = { app, ...(chance.is(30) && { version: '1' }) }
        const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } }
        objects.push(
          kind === 'ReplicationController'
            ? { apiVersion: 'v1', kind, metadata: { name, namespace: 'alpha' }, spec: { selector: labels, template } }
            : {
                apiVersion: 'apps/v1',
                kind,
                metadata: { name, namespace: 'alpha' },
                spec: { selector: { matchLabels: labels }, template, ...(kind === 'StatefulSet' && { serviceName: 'none' }) },
              },
        )
        names['owner'].push(`${kind}/${name}`)
      }
    }
  },
  pod(pod, { chance, names }, role) {
    const owners = names['owner']!
    if (owners.length > 0 && pod.metadata.namespace === 'alpha' && chance.is(60)) {
      const [kind, name] = chance.pick(owners).split('/') as [string, string]
      const apiVersion = kind === 'ReplicationController' ? 'v1' : 'apps/v1'
      pod.metadata.ownerReferences = [{ apiVersion, kind, name, uid: '00000000-0000-4000-8000-000000000001', controller: true }]
    }
    if (role === 'bound' || chance.is(25)) return
    const unique = new Map<string, object>()
    for (let left = chance.pick([1, 1, 2, 3]); left > 0; left -= 1) {
      const whenUnsatisfiable = chance.pick(['DoNotSchedule', 'ScheduleAnyway'])
      const topologyKey = chance.pick([
        'kubernetes.io/hostname',
        'topology.kubernetes.io/zone',
        'topology.kubernetes.io/zone',
        'topology.kubernetes.io/region',
        'missing',
      ])
      const labelSelector = chance.is(90) ? selectorOf(chance) : undefined
      const text = JSON.stringify(labelSelector ?? {})
      const matchLabelKeys =
        labelSelector !== undefined && chance.is(20)
          ? ['version', 'tier', 'missing'].filter((key) => !text.includes(`"${key}"`) && chance.is(50))
          : []
      unique.set(`${topologyKey} ${whenUnsatisfiable}`, {
        maxSkew: chance.pick([1, 1, 1, 2, 3]),
        topologyKey: topologyKey === 'missing' && chance.is(60) ? 'kubernetes.io/hostname' : topologyKey,
        whenUnsatisfiable,
        ...(labelSelector !== undefined && { labelSelector }),
        ...(whenUnsatisfiable === 'DoNotSchedule' && chance.is(30) && { minDomains: chance.pick([1, 2, 3, 5]) }),
        ...(chance.is(25) && { nodeAffinityPolicy: chance.pick(['Honor', 'Ignore']) }),
        ...(chance.is(30) && { nodeTaintsPolicy: chance.pick(['Honor', 'Ignore']) }),
        ...(matchLabelKeys.length > 0 && { matchLabelKeys }),
      })
    }
    const constraints = [...unique.values()] as { topologyKey: string; whenUnsatisfiable: string }[]
    pod.spec.topologySpreadConstraints = constraints.filter(
      (each, index) =>
        constraints.findIndex((other) => other.topologyKey === each.topologyKey && other.whenUnsatisfiable === each.whenUnsatisfiable) ===
        index,
    )
  },
}
