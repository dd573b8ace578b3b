import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readBody } from '#lib/http.ts'
import { createVirtualClock } from '#sim/clock.ts'
import type { Authorizer, UserInfo } from './contract.ts'
import { admin, createTestServer } from './testing.ts'

const jane = { name: 'jane', groups: ['a', 'b'] }
const registration = '/apis/admissionregistration.k8s.io/v1'
const claims = '/apis/resource.k8s.io/v1/namespaces/default/resourceclaims'

const rules = { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }] }
const policy = (sort: string, paramKind: object) => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: `${sort}AdmissionPolicy`,
  metadata: { name: 'p' },
  spec: { paramKind, matchConstraints: rules, validations: [{ expression: 'true' }] },
})
const binding = (sort: string, policyName: string, paramRef: object) => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: `${sort}AdmissionPolicyBinding`,
  metadata: { name: 'b' },
  spec: { policyName, paramRef: { parameterNotFoundAction: 'Deny', ...paramRef }, validationActions: ['Deny'] },
})

interface Case {
  /** What Jane may do beside writing the object: `get configmaps`. */
  readonly may?: string
  readonly path: string
  readonly method?: string
  readonly body: object
  /** Nothing: the write is let through. */
  readonly refused?: string
  readonly asks?: string
}

const user = '&{jane  [a b] map[]}'
const device = (driver: string) => ({ driver, pool: 'p', device: 'x' })
const allocation = { devices: { results: [{ request: 'r', ...device('d.example.com') }] } }

const cases: Readonly<Record<string, Case>> = {
  'a policy names params that its writer cannot read': {
    path: `${registration}/validatingadmissionpolicies`,
    body: policy('Validating', { apiVersion: 'v1', kind: 'ConfigMap' }),
    refused: `spec.paramKind: Forbidden: user ${user} must have "get" permission on all objects of the referenced paramKind (kind=ConfigMap, apiVersion=v1)`,
    asks: 'get configmaps */*',
  },
  'a policy names params that its writer can read': {
    may: 'get configmaps',
    path: `${registration}/validatingadmissionpolicies`,
    body: policy('Validating', { apiVersion: 'v1', kind: 'ConfigMap' }),
  },
  'a kind that nobody serves may be anything': {
    path: `${registration}/validatingadmissionpolicies`,
    body: policy('Validating', { apiVersion: 'x.example.com/v1', kind: 'Foo' }),
    refused: `(kind=Foo, apiVersion=x.example.com/v1)`,
    asks: 'get * */*',
  },
  'a binding of a policy that is not there': {
    path: `${registration}/validatingadmissionpolicybindings`,
    body: binding('Validating', 'none', { name: 'x', namespace: 'default' }),
    refused: `spec.paramRef: Forbidden: unable to get policy none to determine minimum required permissions and user ${user} does not have "get" permission for all groups, versions and resources`,
    asks: 'get * default/x',
  },
  'a binding that selects params': {
    path: `${registration}/validatingadmissionpolicybindings`,
    body: binding('Validating', 'present', { selector: {} }),
    refused: `spec.paramRef: Forbidden: user ${user} does not have "list" permission on the object referenced by paramRef`,
    asks: 'list configmaps /',
  },
  'a binding whose params its writer can list': {
    may: 'list configmaps',
    path: `${registration}/validatingadmissionpolicybindings`,
    body: binding('Validating', 'present', { selector: {} }),
  },
  'an allocation': {
    path: `${claims}/c/status`,
    method: 'PATCH',
    body: { status: { allocation } },
    refused:
      'status.allocation: Forbidden: changing status.allocation or status.reservedFor requires resource="resourceclaims/binding", verb="patch" permission: resourceclaims.resource.k8s.io is forbidden: User "jane" cannot patch resource "resourceclaims/binding" in API group "resource.k8s.io" at the cluster scope',
    asks: 'patch resourceclaims/binding /',
  },
  'what a driver says of its devices': {
    may: 'patch resourceclaims/binding',
    path: `${claims}/c/status`,
    method: 'PATCH',
    body: { status: { allocation, devices: [device('d.example.com')] } },
    refused:
      'status.devices: Forbidden: changing status.devices requires resource="resourceclaims/driver", verb="[arbitrary-node:patch]" permission: resourceclaims.resource.k8s.io "d.example.com" is forbidden: User "jane" cannot arbitrary-node:patch resource "resourceclaims/driver" in API group "resource.k8s.io" in the namespace "default"',
    asks: 'arbitrary-node:patch resourceclaims/driver default/d.example.com',
  },
}

for (const [name, { may, path, method = 'POST', body, refused, asks }] of Object.entries(cases))
  test(name, async () => {
    const asked: string[] = []
    const authorize: Authorizer = async ({ user: who, verb, resource, subresource, namespace, name: object }) => {
      const question = `${verb} ${resource}${subresource === '' ? '' : `/${subresource}`}`
      if (who.name === 'jane') asked.push(`${question} ${namespace}/${object}`)
      const isOwn = /admissionpolic|resourceclaims(\/status)?$/.test(question)
      return { allowed: who.name === admin.name || isOwn || question === may, reason: '' }
    }
    const server = await createTestServer({ clock: createVirtualClock(Date.parse('2026-01-01T00:00:00Z')), authorize })
    const send = async (as: UserInfo, method: string, path: string, object: object) => {
      const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
      const answer = await server.transportAs(as)({
        method,
        path,
        headers: { 'content-type': type },
        body: Buffer.from(JSON.stringify(object)),
      })
      return JSON.parse(Buffer.from(await readBody(answer.body)).toString())
    }
    const present = policy('Validating', { apiVersion: 'v1', kind: 'ConfigMap' })
    await send(admin, 'POST', `${registration}/validatingadmissionpolicies`, { ...present, metadata: { name: 'present' } })
    const claim = { metadata: { name: 'c' }, spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'c' } }] } } }
    await send(admin, 'POST', '/api/v1/namespaces', { metadata: { name: 'default' } })
    await send(admin, 'POST', claims, claim)
    const answer = await send(jane, method, path, body)
    if (refused === undefined) assert.notEqual(answer.kind, 'Status', answer.message)
    else assert.ok(answer.message?.includes(refused), JSON.stringify(answer))
    if (asks !== undefined) assert.ok(asked.includes(asks), asked.join('\n'))
    await server.close()
  })
