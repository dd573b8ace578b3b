import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { UserInfo } from '../contract.ts'
import { nextStep } from './auto-registration.ts'
import { inOrder } from './group-order.ts'
import { withRemote } from './merge-openapi.ts'
import type { Priority } from './registrations.ts'
import { userHeaders } from './user-headers.ts'

test('groups stand by their priorities, then by name; versions by theirs, then by how stable they are', () => {
  const priorities: Readonly<Record<string, Priority>> = {
    'v1.low': { group: 10, version: 1 },
    'v2.b': { group: 500, version: 5 },
    'v1.c': { group: 500, version: 5 },
    'v1.b': { group: 20, version: 5 },
    'v1.gone': { group: 15, version: 1 },
    'v1.nobody': { group: 15, version: 1 },
    'v1beta1.b': { group: 20, version: 9 },
  }
  const registrations = {
    all: [{ group: 'c', version: 'v1' }] as never,
    registered: [
      { group: 'c', version: 'v1' },
      { group: 'nobody', version: 'v1' },
    ],
    isGone: (group: string, version: string) => `${version}.${group}` === 'v1.gone' || `${version}.${group}` === 'v1beta1.b',
    priorityOf: (group: string, v: string) => priorities[`${v}.${group}`],
  }
  const served = [
    { group: 'low', versions: ['v1'] },
    { group: 'b', versions: ['v1', 'v2', 'v1beta1'] },
    { group: 'apiregistration.k8s.io', versions: ['v1'] },
    { group: 'gone', versions: ['v1'] },
    { group: 'of.a.definition', versions: ['v1alpha1', 'v1', 'v2'] },
  ]
  const shown = (form: 'plain' | 'aggregated') => inOrder(served, registrations, form).map(({ group, versions }) => `${group}: ${versions}`)
  const [first, second, c, last] = ['apiregistration.k8s.io: v1', 'of.a.definition: v2,v1,v1alpha1', 'c: v1', 'low: v1']
  // By the names of their APIServices, v1.c stands before v2.b. Those without one are not there, those that nobody serves are.
  assert.deepEqual(shown('plain'), [first, second, c, 'b: v2,v1', 'nobody: v1', last])
  assert.deepEqual(shown('aggregated'), [first, second, 'b: v1beta1,v2,v1', c, 'gone: v1', last])
})

const spec = { group: 'g', version: 'v1', groupPriorityMinimum: 1000, versionPriority: 100 }
const managed = (value: string | undefined, changed: object = {}) => ({
  metadata: { name: 'v1.g', ...(value !== undefined && { labels: { 'kube-aggregator.kubernetes.io/automanaged': value } }) },
  spec: { ...spec, ...changed },
})
for (const [name, isWanted, present, step, atStart] of [
  ['missing', true, undefined, 'create'],
  ['missing, and nobody wants it', false, undefined, undefined],
  ['as it should be', true, managed('true'), undefined],
  ['changed', true, managed('true', { versionPriority: 1 }), 'update'],
  ['taken over', true, managed(undefined, { versionPriority: 1 }), undefined],
  ['made at the start', false, managed('onstart'), undefined],
  ['made at an earlier start', false, managed('onstart'), 'delete', true],
  ['left over', false, managed('true'), 'delete'],
  ['left over by hand', false, managed(undefined), undefined],
] as const)
  test(`an APIService of a definition: ${name}`, () => {
    assert.equal(nextStep(isWanted ? { metadata: {}, spec } : undefined, present as never, atStart), step)
  })

test('definitions of one name that say different things get different names', () => {
  const ours = { paths: { '/a': 1 }, definitions: { Same: { type: 'object', description: 'ours' }, Other: { type: 'object' } } }
  const theirs = {
    paths: { '/a': 2, '/b': { $ref: '#/definitions/Other' } },
    definitions: {
      Same: { description: 'theirs', type: 'object' },
      Other: { type: 'string', items: { $ref: '#/definitions/Same' } },
    },
  }
  assert.deepEqual(withRemote(ours, [theirs, theirs]), {
    paths: { '/a': 1, '/b': { $ref: '#/definitions/Other_v2' } },
    definitions: { ...ours.definitions, Other_v2: { type: 'string', items: { $ref: '#/definitions/Same' } } },
  })
})

checkUserHeaders(
  'keys become names of headers',
  { name: 'a', groups: [], extra: { 'X%/ü': ['1'], none: [] } },
  {
    'x-remote-user': 'a',
    'x-remote-extra-x%25%2f%c3%bc': ['1'],
  },
)
checkUserHeaders(
  'names travel as UTF-8',
  { name: 'Łucja', uid: 'ü', groups: ['dév', 'a\tb'], extra: { k: ['日'] } },
  {
    'x-remote-user': '\u00c5\u0081ucja',
    'x-remote-uid': '\u00c3\u00bc',
    'x-remote-group': ['d\u00c3\u00a9v', 'a\tb'],
    'x-remote-extra-k': ['\u00e6\u0097\u00a5'],
  },
)
checkUserHeaders(
  'a line break',
  { name: 'a\r\nx-remote-group: system:masters', groups: [] },
  /invalid header field value for "X-Remote-User"$/,
)
checkUserHeaders('a null', { name: 'a', groups: ['b', '\0'] }, /invalid header field value for "X-Remote-Group"$/)
checkUserHeaders('a delete in extra', { name: 'a', groups: [], extra: { k: ['\x7f'] } }, /value for "X-Remote-Extra-k"$/)

function checkUserHeaders(name: string, user: UserInfo, want: object | RegExp): void {
  test(name, () => {
    if (want instanceof RegExp) assert.throws(() => userHeaders(user), want)
    else assert.deepEqual(userHeaders(user), want)
  })
}
