import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConfigMap } from '#api/core/v1/config-map.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Secret } from '#api/core/v1/secret.ts'
import type { Service } from '#api/core/v1/service.ts'
import type { AnyContainer } from '../pod/containers.ts'
import { containerEnvironment, type References } from './environment.ts'

const service = (name: string, namespace: string, clusterIP: string) =>
  ({ metadata: { name, namespace }, spec: { clusterIP, ports: [{ name: 'web', port: 80, protocol: 'TCP' }] } }) as unknown as Service
const references: References = {
  configMap: async (name) => (name === 'settings' ? ({ data: { a: '1', b: '2' } } as unknown as ConfigMap) : undefined),
  secret: async (name) => (name === 'keys' ? ({ data: { k: Buffer.from('hush').toString('base64') } } as unknown as Secret) : undefined),
  services: async () => [
    service('kubernetes', 'default', '10.96.0.1'),
    service('my-db', 'here', '10.96.0.9'),
    service('head', 'here', 'None'),
  ],
}

check(
  'plain and dependent',
  {
    env: [
      { name: 'A', value: 'x' },
      { name: 'B', value: '$(A)-$$(A)-$(NONE)' },
    ],
  },
  { A: 'x', B: 'x-$(A)-$(NONE)' },
)
check(
  'a later variable does not reach an earlier one',
  {
    env: [
      { name: 'B', value: '$(A)' },
      { name: 'A', value: 'x' },
    ],
  },
  { B: '$(A)' },
)
check(
  'services',
  { env: [{ name: 'U', value: '$(MY_DB_SERVICE_HOST)' }] },
  {
    MY_DB_SERVICE_HOST: '10.96.0.9',
    MY_DB_SERVICE_PORT: '80',
    MY_DB_SERVICE_PORT_WEB: '80',
    MY_DB_PORT: 'tcp://10.96.0.9:80',
    MY_DB_PORT_80_TCP_ADDR: '10.96.0.9',
    KUBERNETES_SERVICE_HOST: '10.96.0.1',
    HEAD_SERVICE_HOST: undefined,
    U: '10.96.0.9',
  },
)
check(
  'whole objects, with a prefix',
  { envFrom: [{ prefix: 'P_', configMapRef: { name: 'settings' } }, { secretRef: { name: 'keys' } }] },
  { P_a: '1', k: 'hush' },
)
check(
  'own values win over objects',
  { envFrom: [{ configMapRef: { name: 'settings' } }], env: [{ name: 'a', value: '9' }] },
  { a: '9', b: '2' },
)
check(
  'fields of the pod',
  { env: [field('metadata.name'), field("metadata.labels['l']"), field('status.podIP'), field('status.hostIP')] },
  {
    'metadata.name': 'one',
    "metadata.labels['l']": 'v',
    'status.podIP': '10.1.0.2',
    'status.hostIP': '192.0.2.1',
  },
)
check(
  'resources',
  { env: [resource('limits.cpu'), resource('limits.memory', '1Mi'), resource('requests.memory'), resource('limits.cpu', '1m')] },
  {
    'limits.cpu/': '1',
    'limits.memory/1Mi': '4096',
    'requests.memory/': '33554432',
    'limits.cpu/1m': '250',
  },
)
check(
  'limits that the container does not set are the pod’s',
  { env: [resource('limits.cpu', '1m'), resource('limits.memory', '1Mi'), resource('limits.hugepages-2Mi')] },
  { 'limits.cpu/1m': '250', 'limits.memory/1Mi': '64', 'limits.hugepages-2Mi/': '0' },
  { resources: { limits: { cpu: '2', memory: '64Mi', 'hugepages-2Mi': '4Mi' } } },
)
check(
  'optional ones may lack',
  { env: [key('configMapKeyRef', 'settings', 'none', true), key('secretKeyRef', 'none', 'k', true)] },
  { 'settings/none': undefined },
)
check('a missing object', { envFrom: [{ configMapRef: { name: 'none' } }] }, /^WherryError: configmap "none" not found$/)
check('a missing key', { env: [key('configMapKeyRef', 'settings', 'z')] }, /couldn't find key z in ConfigMap here\/settings/)
check('a missing secret key', { env: [key('secretKeyRef', 'keys', 'z')] }, /couldn't find key z in Secret here\/keys/)

function check(name: string, given: object, expected: Readonly<Record<string, string | undefined>> | RegExp, spec: object = {}): void {
  test(name, async () => {
    const container = {
      name: 'main',
      resources: { limits: { cpu: '250m' }, requests: { memory: '32Mi' } },
      ...given,
    } as unknown as AnyContainer
    const metadata = { name: 'one', namespace: 'here', uid: 'u', labels: { l: 'v' } }
    const pod = { metadata, spec: { containers: [container], ...spec } } as unknown as Pod
    const allocatable = { cpu: '4', memory: '4Gi', 'hugepages-2Mi': '8Mi' }
    const made = containerEnvironment({ pod, container, podIPs: ['10.1.0.2'], hostIPs: ['192.0.2.1'], allocatable, references })
    if (expected instanceof RegExp) return assert.rejects(made, expected)
    const environment = await made
    for (const [key, value] of Object.entries(expected)) assert.equal(environment.get(key), value, key)
  })
}
function field(fieldPath: string) {
  return { name: fieldPath, valueFrom: { fieldRef: { fieldPath } } }
}
function resource(resource: string, divisor?: string) {
  return { name: `${resource}/${divisor ?? ''}`, valueFrom: { resourceFieldRef: { resource, ...(divisor && { divisor }) } } }
}
function key(sort: string, name: string, key: string, optional = false) {
  return { name: `${name}/${key}`, valueFrom: { [sort]: { name, key, optional } } }
}
