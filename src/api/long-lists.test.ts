import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MutatingWebhookConfiguration } from '#api/admissionregistration/v1/mutating-webhook-configuration.ts'
import { ValidatingAdmissionPolicy } from '#api/admissionregistration/v1/validating-admission-policy.ts'
import { LimitRange } from '#api/core/v1/limit-range.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { ResourceQuota } from '#api/core/v1/resource-quota.ts'
import { Service } from '#api/core/v1/service.ts'
import type { AnyKind } from '#api/kind.ts'
import { Ingress } from '#api/networking/v1/ingress.ts'
import { created, statusWritten, updated } from './testing/check-kind.ts'

/** Requests of 3 MiB hold lists of a hundred thousand items: to check one may take time by their number, and not by its square. */

const container = { name: 'c', image: 'i' }
const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))
const podOf = (spec: object) => ({ spec: { containers: [container], ...spec } })
const withContainer = (part: object) => podOf({ containers: [{ ...container, ...part }] })

const spread = { maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule', labelSelector: {} }
creates('topology spread constraints', Pod, (n) =>
  podOf({ topologySpreadConstraints: many(n, (i) => ({ ...spread, topologyKey: `k${i}` })) }),
)
creates('keys of labels that match and that do not', Pod, (n) => {
  const term = {
    topologyKey: 'k',
    labelSelector: { matchExpressions: many(n, (i) => ({ key: `c${i}`, operator: 'Exists' })) },
    matchLabelKeys: many(n, (i) => `a${i}`),
    mismatchLabelKeys: many(n, (i) => `b${i}`),
  }
  return podOf({ affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } })
})
updates('scheduling gates', Pod, (n) => podOf({ schedulingGates: many(n, (i) => ({ name: `g${i}` })) }))
updates('tolerations', Pod, (n) => podOf({ tolerations: many(n, (i) => ({ key: `k${i}`, operator: 'Exists' })) }))
creates('mounts beside devices', Pod, (n) =>
  withContainer({
    volumeMounts: many(n, (i) => ({ name: `m${i}`, mountPath: `/m${i}` })),
    volumeDevices: many(n, (i) => ({ name: `d${i}`, devicePath: `/d${i}` })),
  }),
)
creates('claims of a container that are not of the pod', Pod, (n) => ({
  spec: {
    containers: [{ ...container, resources: { claims: many(n, (i) => ({ name: `a${i}` })) } }],
    resourceClaims: many(n, (i) => ({ name: `b${i}`, resourceClaimName: 'c' })),
  },
}))
creates('profiles of containers that there are not', Pod, (n) => ({
  metadata: {
    annotations: Object.fromEntries(many(n, (i) => [`container.apparmor.security.beta.kubernetes.io/a${i}`, 'unconfined'])),
  },
  spec: { containers: [container], ephemeralContainers: many(n, (i) => ({ name: `e${i}`, image: 'i' })) },
}))
creates('bounds', LimitRange, (n) => ({ spec: { limits: many(n, (i) => ({ type: `x.y/${i}` })) } }))
creates('scopes', ResourceQuota, (n) => ({ spec: { scopes: many(n, (i) => `s${i}`) } }))
creates('scope selectors', ResourceQuota, (n) => ({
  spec: {
    hard: { cpu: '1' },
    scopeSelector: { matchExpressions: many(n, () => ({ scopeName: 'BestEffort', operator: 'Exists' })) },
  },
}))
creates('webhooks', MutatingWebhookConfiguration, (n) => ({ webhooks: many(n, (i) => ({ name: `a.b.c${i}` })) }))
creates('audit annotations', ValidatingAdmissionPolicy, (n) => ({
  spec: { auditAnnotations: many(n, (i) => ({ key: `k${i}`, valueExpression: '1' })) },
}))
updates('addresses and ranges of a service', Service, (n) => ({
  spec: {
    type: 'LoadBalancer',
    clusterIP: '10.0.0.1',
    clusterIPs: ['10.0.0.1'],
    ports: [{ port: 1, nodePort: 30000 }],
    externalIPs: many(n, (i) => `10.1.${i >> 8}.${i & 255}`),
    loadBalancerSourceRanges: many(n, (i) => `10.1.${i >> 8}.${i & 255}/32`),
  },
}))
const balanced = (n: number) => ({ loadBalancer: { ingress: many(n, (i) => ({ ip: `10.1.${i >> 8}.${i & 255}`, ipMode: 'VIP' })) } })
statuses('addresses of load balancers', Service, { spec: { type: 'LoadBalancer', ports: [{ port: 1 }] } }, balanced)
statuses('addresses of an ingress', Ingress, { spec: { defaultBackend: { service: { name: 's', port: { number: 1 } } } } }, (n) => ({
  loadBalancer: { ingress: many(n, (i) => ({ ip: `10.1.${i >> 8}.${i & 255}` })) },
}))
const ended = { image: 'i', imageID: '', ready: false, restartCount: 0, state: { terminated: { exitCode: 0 } } }
statuses('parts of the status of a pod', Pod, podOf({}), (n) => ({
  conditions: many(n, (i) => ({ type: `t${i}`, status: 'True' })),
  containerStatuses: many(n, (i) => ({ ...ended, name: `c${i}` })),
  podIPs: many(n, (i) => ({ ip: `10.1.${i >> 8}.${i & 255}` })),
  resourceClaimStatuses: many(n, (i) => ({ name: `c${i}` })),
}))

test('what is wrong may be more than a function takes arguments', () => {
  const count = 200_000
  const environment = many(count, () => ({ name: 'A' }))
  assert.equal(created(Pod, withContainer({ env: environment })).warnings.length, count - 1)
  const ports = many(count, () => ({ port: 1, name: 'a' }))
  assert.equal(created(Service, { spec: { ports } }).causes.filter((cause) => cause.includes('Duplicate')).length, 2 * (count - 1))
})

function creates(name: string, kind: AnyKind, bodyOf: (count: number) => object): void {
  check(`a new ${kind.kind}: ${name}`, (count) => {
    const body = bodyOf(count)
    return () => created(kind, body)
  })
}

function updates(name: string, kind: AnyKind, bodyOf: (count: number) => object): void {
  check(`an update of a ${kind.kind}: ${name}`, (count) => {
    const body = bodyOf(count)
    const previous = created(kind, body).object
    return () => updated(kind, previous, body)
  })
}

function statuses(name: string, kind: AnyKind, body: object, statusOf: (count: number) => object): void {
  check(`a status of a ${kind.kind}: ${name}`, (count) => {
    const status = statusOf(count)
    const previous = statusWritten(kind, created(kind, body).object, status).object
    return () => statusWritten(kind, previous, status)
  })
}

/** Eight times as many items may take about eight times the processor time, and not sixty-four times. */
function check(name: string, writeOf: (count: number) => () => unknown): void {
  test(name, () => {
    const few = 2_000
    costMs(few)
    const [small, large] = [costMs(few), costMs(8 * few)]
    assert.ok(large < 20 * small + 100, `${small} ms for ${few} items, ${large} ms for eight times as many`)
  })

  function costMs(count: number): number {
    const write = writeOf(count)
    const costs = [0, 1].map(() => {
      const before = process.threadCpuUsage()
      write()
      return process.threadCpuUsage(before).user / 1000
    })
    return Math.min(...costs)
  }
}
