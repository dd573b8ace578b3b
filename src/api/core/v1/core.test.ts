import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, statusWritten, updated } from '#api/testing/check-kind.ts'
import { Node } from './node.ts'
import { PersistentVolumeClaim } from './persistent-volume-claim.ts'
import { Pod } from './pod.ts'
import { ResourceQuota } from './resource-quota.ts'
import { Service } from './service.ts'

const container = { name: 'c', image: 'i' }

test('a pod is warned of what it hardly means', () => {
  const check = (spec: object, annotations: Record<string, string>, expected: readonly string[]) =>
    assert.deepEqual(created(Pod, { metadata: { annotations }, spec: { containers: [container], ...spec } }).warnings, expected)
  check({}, {}, [])
  check({ nodeSelector: { 'beta.kubernetes.io/os': 'linux' } }, {}, [
    'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
  ])
  check({ containers: [{ ...container, ports: [{ containerPort: 80 }, { containerPort: 80 }] }] }, {}, [
    'spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]',
  ])
  check(
    {
      containers: [
        {
          ...container,
          env: [
            { name: 'A', value: '1' },
            { name: 'A', value: '$(A)2' },
            { name: 'A', value: '3' },
          ],
        },
      ],
    },
    {},
    ['spec.containers[0].env[2]: hides previous definition of "A", which may be dropped when using apply'],
  )
  const items = [
    { key: 'a', path: 'p' },
    { key: 'b', path: 'p/q' },
  ]
  check({ volumes: [{ name: 'v', configMap: { name: 'm', items } }] }, {}, [
    'volume "v" (ConfigMap "m"): overlapping paths: "p/q" with "p"',
  ])
  check({ dnsConfig: { nameservers: ['FD00::1'] } }, {}, [
    'spec.dnsConfig.nameservers[0]: IPv6 address "FD00::1" should be in RFC 5952 canonical format ("fd00::1")',
  ])
  check({}, { 'scheduler.alpha.kubernetes.io/critical-pod': '' }, [
    'metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the "priorityClassName" field instead',
  ])
})

test('an AppArmor annotation becomes the field, unless it says what the pod says', () => {
  const annotations = { 'container.apparmor.security.beta.kubernetes.io/c': 'localhost/p' }
  const warned = [
    'metadata.annotations[container.apparmor.security.beta.kubernetes.io/c]: deprecated since v1.30; use the "appArmorProfile" field instead',
  ]
  const alone = created(Pod, { metadata: { annotations }, spec: { containers: [container] } })
  assert.deepEqual(alone.object.spec.containers[0].securityContext.appArmorProfile, { type: 'Localhost', localhostProfile: 'p' })
  assert.deepEqual(alone.warnings, warned)
  const securityContext = { appArmorProfile: { type: 'Localhost', localhostProfile: 'p' } }
  const both = created(Pod, { metadata: { annotations }, spec: { securityContext, containers: [container] } })
  assert.deepEqual([both.object.spec.containers[0].securityContext, both.warnings], [undefined, []])
  const bad = created(Pod, {
    metadata: { annotations: { 'container.apparmor.security.beta.kubernetes.io/c': 'bad' } },
    spec: { containers: [container] },
  })
  assert.deepEqual(bad.causes, [
    'metadata.annotations[container.apparmor.security.beta.kubernetes.io/c]: Invalid value: "bad": invalid AppArmor profile name: "bad"',
  ])
})

test('annotations by which a pod was admitted stay', () => {
  const key = 'container.apparmor.security.beta.kubernetes.io/c'
  const before = created(Pod, { metadata: { annotations: { [key]: 'unconfined' } }, spec: { containers: [container] } }).object
  const { spec } = before
  assert.deepEqual(updated(Pod, before, { metadata: { annotations: { [key]: 'unconfined' } }, spec }).causes, [])
  assert.deepEqual(updated(Pod, before, { spec }).causes, [
    `metadata.annotations[${key}]: Forbidden: may not remove or update AppArmor annotations`,
  ])
})

test('what a kubelet reports is held to the pod', () => {
  const state = (exitCode: number) => ({ terminated: { exitCode } })
  const status = (one: object) => ({
    containerStatuses: [{ name: 'c', image: 'i', imageID: '', ready: false, restartCount: 0, state: one }],
  })
  const check = (restartPolicy: string, exitCode: number, expected: readonly string[]) => {
    const before = created(Pod, { spec: { restartPolicy, containers: [container] } }).object
    const ended = statusWritten(Pod, before, status(state(exitCode))).object
    assert.deepEqual(statusWritten(Pod, ended, status({ running: {} })).causes, expected)
  }
  const refused = ['status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state']
  check('Always', 0, [])
  check('OnFailure', 1, [])
  check('OnFailure', 0, refused)
  check('Never', 1, refused)
  const before = created(Pod, { spec: { containers: [container] } }).object
  assert.deepEqual(statusWritten(Pod, before, { podIP: '1.2.3.4', podIPs: [{ ip: '1.2.3.4' }, { ip: '1.2.3.5' }] }).causes, [
    'status.podIPs: Invalid value: [{"IP":"1.2.3.4"},{"IP":"1.2.3.5"}]: may specify no more than one IP for each IP family',
  ])
})

test('a service’s families are settled before all else', () => {
  const ports = [{ port: 80 }]
  const check = (spec: object, expected: readonly string[]) =>
    assert.deepEqual(created(Service, { spec: { ports, ...spec } }).causes, expected)
  check({}, [])
  check({ ipFamilies: ['IPv6'], ports: [] }, ['spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster'])
  check({ ipFamilyPolicy: 'RequireDualStack' }, [
    'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
  ])
  check({ ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'SingleStack' }, [
    "spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified",
  ])
  const open = created(Service, { spec: { ports, clusterIP: 'None' } })
  assert.deepEqual([open.causes, open.object.spec.ipFamilies, open.object.spec.ipFamilyPolicy], [[], ['IPv4', 'IPv6'], 'RequireDualStack'])
})

test('a service gets the families that it asks for, of those that the cluster has', () => {
  const ports = [{ port: 80 }]
  const check = (serviceFamilies: readonly ('IPv4' | 'IPv6')[], spec: object, expected: string) => {
    const { causes, object } = created(Service, { spec: { ports, ...spec } }, { serviceFamilies })
    const { ipFamilies = [], ipFamilyPolicy = '' } = object.spec
    assert.equal(causes.length > 0 ? causes.join() : `${ipFamilyPolicy} ${ipFamilies}`.trim(), expected)
  }
  const [v4, v6, both, sixFirst] = [['IPv4'], ['IPv6'], ['IPv4', 'IPv6'], ['IPv6', 'IPv4']] as const
  const prefer = { ipFamilyPolicy: 'PreferDualStack' }
  const require = { ipFamilyPolicy: 'RequireDualStack' }
  check(both, {}, 'SingleStack IPv4')
  check(sixFirst, {}, 'SingleStack IPv6')
  check(v6, {}, 'SingleStack IPv6')
  check(v4, prefer, 'PreferDualStack IPv4')
  check(v6, prefer, 'PreferDualStack IPv6')
  check(both, prefer, 'PreferDualStack IPv4,IPv6')
  check(both, { ...prefer, ipFamilies: ['IPv6'] }, 'PreferDualStack IPv6,IPv4')
  check(sixFirst, require, 'RequireDualStack IPv6,IPv4')
  check(both, { ...require, clusterIP: 'fd00::7', clusterIPs: ['fd00::7'] }, 'RequireDualStack IPv6,IPv4')
  check(both, { selector: { a: 'b' }, clusterIP: 'None' }, 'SingleStack IPv4')
  check(sixFirst, { clusterIP: 'None' }, 'RequireDualStack IPv6,IPv4')
  check(v6, { clusterIP: 'None', ipFamilyPolicy: 'SingleStack' }, 'SingleStack IPv6')
  check(both, { type: 'ExternalName', externalName: 'a.b' }, '')
  check(v6, { clusterIP: '10.96.0.7' }, 'spec.clusterIPs[0]: Invalid value: ["10.96.0.7"]: IPv4 is not configured on this cluster')
})

test('a service gains the other family and loses it again', () => {
  const serviceFamilies = ['IPv4', 'IPv6'] as const
  const base = { type: 'ClusterIP', ports: [{ port: 80 }], clusterIP: '10.96.0.7', clusterIPs: ['10.96.0.7'] }
  const dual = { ...base, clusterIPs: ['10.96.0.7', 'fd00::7'], ipFamilies: ['IPv4', 'IPv6'] }
  const single = { ...base, ipFamilies: ['IPv4'] }
  const check = (before: object, after: object, expected: string) => {
    const previous = { ...created(Service, { spec: before }, { serviceFamilies }).object, spec: before }
    const { causes, object } = updated(Service, previous, { spec: after }, { serviceFamilies })
    assert.equal(
      causes.length > 0 ? causes.join() : `${object.spec.ipFamilyPolicy} ${object.spec.ipFamilies} ${object.spec.clusterIPs}`,
      expected,
    )
  }
  const [one, prefer, need] = ['SingleStack', 'PreferDualStack', 'RequireDualStack'].map((ipFamilyPolicy) => ({ ipFamilyPolicy }))
  check({ ...single, ...one }, { ...single, ...need }, 'RequireDualStack IPv4,IPv6 10.96.0.7')
  check({ ...dual, ...need }, { ...dual, ...one }, 'SingleStack IPv4 10.96.0.7')
  check({ ...dual, ...need }, { ...base, clusterIPs: dual.clusterIPs, ...one }, 'SingleStack IPv4 10.96.0.7')
  // Nobody asked for a change: what a changed cluster would give now is another matter.
  check({ ...single, ...prefer }, { ...single, ...prefer }, 'PreferDualStack IPv4 10.96.0.7')
  check({ ...single, ...prefer }, single, 'PreferDualStack IPv4,IPv6 10.96.0.7')
  check(
    { ...dual, ...need },
    { ...single, ...need },
    'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": must be \'SingleStack\' to release the secondary cluster IP,spec.ipFamilyPolicy: Invalid value: "RequireDualStack": must be \'SingleStack\' to release the secondary IP family',
  )
  check(
    { ...single, ...one },
    { ...dual, ...one },
    "spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when multiple cluster IPs are specified,spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified",
  )
})

test('a claim drops the sources that it never could have, and keeps to those it has', () => {
  const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1500m' } } }
  const odd = created(PersistentVolumeClaim, { spec: { ...spec, dataSource: { kind: 'Pod', name: 'p' } } })
  assert.deepEqual(
    [odd.object.spec.dataSource, odd.warnings],
    [undefined, ['spec.resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer']],
  )
  const ref = { apiGroup: 'a.b', kind: 'X', name: 'y' }
  const made = created(PersistentVolumeClaim, { spec: { ...spec, resources: { requests: { storage: '1Gi' } }, dataSourceRef: ref } }).object
  assert.deepEqual(made.spec.dataSource, ref)
  assert.deepEqual(statusWritten(PersistentVolumeClaim, made, { capacity: { storage: '-1' } }).causes, [
    'status.capacity[storage]: Invalid value: -1: must be a valid resource quantity',
  ])
})

test('a node is warned of fields that nothing reads any more', () => {
  assert.deepEqual(created(Node, { spec: { externalID: 'x', podCIDRs: ['10.0.0.1/24'] } }).warnings, [
    'spec.externalID: this field is deprecated, and is unused by Kubernetes',
    'spec.podCIDRs[0]: CIDR value "10.0.0.1/24" is ambiguous in this context (should be "10.0.0.0/24" or "10.0.0.1/32"?)',
  ])
})

test('a quota is warned of limits below its requests when it is made', () => {
  const hard = {
    cpu: '2',
    'limits.cpu': '1',
    'requests.storage': '3Gi',
    'limits.storage': '1Gi',
    'requests.memory': '1',
    'limits.memory': '1',
  }
  const made = created(ResourceQuota, { spec: { hard } })
  assert.deepEqual(made.warnings, [
    'ResourceQuota cpu (2) should be less than limits.cpu (1)',
    'ResourceQuota requests.storage (3Gi) should be less than limits.storage (1Gi)',
  ])
  assert.deepEqual(updated(ResourceQuota, made.object, { spec: { hard } }).warnings, [])
})

test('a node takes no configuration from the API any more', () => {
  const configSource = { configMap: { name: 'a', namespace: 'b', kubeletConfigKey: 'c' } }
  const made = created(Node, { spec: { configSource }, status: { config: { error: 'x' } } })
  assert.deepEqual([made.object.spec.configSource, made.object.status.config, made.warnings], [undefined, undefined, []])
  assert.equal(updated(Node, made.object, { spec: { configSource } }).object.spec.configSource, undefined)
  assert.equal(statusWritten(Node, made.object, { config: { error: 'x' } }).object.status.config, undefined)
  const held = { ...made.object, spec: { configSource }, status: { config: { error: 'x' } } } as never
  assert.deepEqual(updated(Node, held, { spec: { configSource } }).object.spec.configSource, configSource)
  assert.deepEqual(statusWritten(Node, held, { config: { error: 'y' } }).object.status.config, { error: 'y' })
})
