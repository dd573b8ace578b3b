import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Deployment } from '#api/apps/v1/deployment.ts'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { Service } from '#api/core/v1/service.ts'
import { type AnyKind, apiVersionOf, type WriteContext } from '#api/kind.ts'
import { validateMetadata, validateMetadataUpdate } from '#api/meta/v1/validate-metadata.ts'
import { RoleBinding } from '#api/rbac/v1/role-binding.ts'
import { decode } from '#schema/decode.ts'
import { withDefaults } from '#schema/defaults.ts'

type Body = { readonly metadata?: object } & Readonly<Record<string, unknown>>

const context: WriteContext = { now: '2026-01-01T00:00:00Z', user: { name: 'u', groups: [] }, subresource: '', dryRun: false }
const server = { namespace: 'default', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' }

/** A client's object on its way to the store: decoded, completed, prepared. */
function complete(kind: AnyKind, body: Body): { readonly metadata: never } {
  const { namespace, ...clusterWide } = server
  const metadata = { ...body.metadata, ...(kind.scope === 'Namespaced' ? server : clusterWide) }
  const decoded = decode(kind, { ...body, apiVersion: apiVersionOf(kind), kind: kind.kind, metadata })
  assert.deepEqual([decoded.errors, decoded.unknown], [[], []])
  const withStatic = withDefaults(kind, decoded.value)
  const object = kind.rules.defaults?.(withStatic) ?? withStatic
  return kind.rules.prepareCreate?.(object, context) ?? object
}

function check(title: string, kind: AnyKind, body: Body, wanted: readonly string[], change?: Body): void {
  test(title, () => {
    const object = complete(kind, { metadata: { name: 'x' }, ...body })
    const next = change && complete(kind, { metadata: { name: 'x' }, ...body, ...change })
    const causes = next
      ? [...validateMetadataUpdate(next.metadata, object.metadata, kind), ...(kind.rules.validateUpdate?.(next, object, context) ?? [])]
      : [...validateMetadata(object.metadata, kind), ...(kind.rules.validate?.(object, context) ?? [])]
    assert.deepEqual([...new Set(causes.map(({ field, message }) => `${field}: ${message.split('\n')[0]}`))].sort(), [...wanted].sort())
  })
}

const container = { name: 'c', image: 'i' }
const pod = (spec: object) => ({ spec: { containers: [container], ...spec } })
const deployment = (spec: object) => ({
  spec: {
    selector: { matchLabels: { app: 'a' } },
    template: { metadata: { labels: { app: 'a' } }, spec: { containers: [container] } },
    ...spec,
  },
})
const service = (spec: object) => ({ spec: { clusterIP: 'None', selector: { a: 'b' }, ports: [{ port: 80 }], ...spec } })

check('a plain pod', Pod, pod({}), [])
check('a pod without containers', Pod, { spec: { containers: [] } }, ['spec.containers: Required value'])
check('two containers of one name', Pod, pod({ containers: [container, container] }), ['spec.containers[1].name: Duplicate value: "c"'])
check('a mount of nothing', Pod, pod({ containers: [{ ...container, volumeMounts: [{ name: 'v', mountPath: '/v' }] }] }), [
  'spec.containers[0].volumeMounts[0].name: Not found: "v"',
])
check('a path that climbs out', Pod, pod({ volumes: [{ name: 'v', configMap: { name: 'm', items: [{ key: 'k', path: '../k' }] } }] }), [
  'spec.volumes[0].configMap.items[0].path: Invalid value: "../k": must not contain \'..\'',
])
check(
  'more asked than allowed',
  Pod,
  pod({ containers: [{ ...container, resources: { limits: { cpu: '1' }, requests: { cpu: '2' } } }] }),
  ['spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'],
)
check(
  'a container that may take more than its pod',
  Pod,
  pod({
    containers: [{ ...container, resources: { limits: { cpu: '2' }, requests: { cpu: '1' } } }],
    resources: { limits: { cpu: '1' }, requests: { cpu: '1' } },
  }),
  ['spec.resources.containers[0][cpu].limits: Invalid value: "2": must be less than or equal to pod limits of 1'],
)
check(
  'a lifecycle that says nothing, of a container that is only looked with',
  Pod,
  pod({ ephemeralContainers: [{ name: 'e', image: 'i', lifecycle: {} }] }),
  [
    'spec.ephemeralContainers: Forbidden: cannot be set on create',
    'spec.ephemeralContainers[0].lifecycle: Forbidden: cannot be set for an Ephemeral Container',
  ],
)
const confined = (value: string) => ({ 'container.apparmor.security.beta.kubernetes.io/c': value })
const localProfile = { appArmorProfile: { type: 'Localhost', localhostProfile: 'a' } }
check(
  'an AppArmor annotation that says something else',
  Pod,
  {
    metadata: { name: 'x', annotations: confined('unconfined') },
    ...pod({ containers: [{ ...container, securityContext: localProfile }] }),
  },
  ['spec.containers[0].securityContext.appArmorProfile.type: Forbidden: apparmor type in annotation and field must match'],
)
check(
  'an AppArmor annotation of another profile in a template',
  Deployment,
  deployment({
    template: {
      metadata: { labels: { app: 'a' }, annotations: confined('localhost/b') },
      spec: { containers: [{ ...container, securityContext: localProfile }] },
    },
  }),
  [
    'spec.template.spec.containers[0].securityContext.appArmorProfile.localhostProfile: Forbidden: apparmor profile in annotation and field must match',
  ],
)
check('a probe that asks nothing', Pod, pod({ containers: [{ ...container, livenessProbe: {} }] }), [
  'spec.containers[0].livenessProbe: Required value: must specify a handler type',
])
check('a new image may come', Pod, pod({}), [], pod({ containers: [{ ...container, image: 'j' }] }))
check(
  'another command may not',
  Pod,
  pod({}),
  [
    'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
  ],
  pod({ containers: [{ ...container, command: ['x'] }] }),
)
check('a gate may open', Pod, pod({ schedulingGates: [{ name: 'g' }] }), [], pod({}))
check(
  'no gate may come',
  Pod,
  pod({}),
  ["spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'g'"],
  pod({ schedulingGates: [{ name: 'g' }] }),
)

check('a plain deployment', Deployment, deployment({}), [])
check('a selector that finds nothing', Deployment, deployment({ selector: { matchLabels: { app: 'b' } } }), [
  'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`',
])
check('no room to roll', Deployment, deployment({ strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: '0%' } } }), [
  'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0',
])

check('as long to be ready as to get there', Deployment, deployment({ minReadySeconds: 10, progressDeadlineSeconds: 10 }), [
  'spec.progressDeadlineSeconds: Invalid value: 10: must be greater than minReadySeconds',
])
check('a headless service', Service, service({}), [])
check('a service at no port', Service, service({ clusterIP: '10.96.0.9', ports: [] }), ['spec.ports: Required value'])
check('nameless ports', Service, service({ ports: [{ port: 80 }, { port: 81 }] }), [
  'spec.ports[0].name: Required value',
  'spec.ports[1].name: Required value',
])

check('a key that is no file name', ConfigMap, { data: { '..': 'x' } }, ['data[..]: Invalid value: "..": must not be \'..\''])
check(
  'an immutable map',
  ConfigMap,
  { immutable: true, data: { a: '1' } },
  ['data: Forbidden: field is immutable when `immutable` is set'],
  { immutable: true, data: { a: '2' } },
)

check('a namespace with a dotted name', Namespace, { metadata: { name: 'a.b' } }, [
  'metadata.name: Invalid value: "a.b": must not contain dots',
])
check(
  'a binding to another role',
  RoleBinding,
  { roleRef: { kind: 'Role', name: 'a' } },
  ['roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"b"}: cannot change roleRef'],
  { roleRef: { kind: 'Role', name: 'b' } },
)
check('annotations past their size', ConfigMap, { metadata: { name: 'x', annotations: { a: 'x'.repeat(300_000) } } }, [
  'metadata.annotations: Too long: may not be more than 262144 bytes',
])
