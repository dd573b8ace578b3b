import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MutatingAdmissionPolicy } from '#api/admissionregistration/v1/mutating-admission-policy.ts'
import { MutatingAdmissionPolicyBinding } from '#api/admissionregistration/v1/mutating-admission-policy-binding.ts'
import { ValidatingAdmissionPolicy } from '#api/admissionregistration/v1/validating-admission-policy.ts'
import { ValidatingAdmissionPolicyBinding } from '#api/admissionregistration/v1/validating-admission-policy-binding.ts'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import type { AnyKind, KubeObject } from '#api/kind.ts'
import { isError } from '#lib/errors.ts'
import { createRegistry } from '#lib/metrics/registry.ts'
import { createVirtualClock } from '#sim/clock.ts'
import type { Authorizer, Objects } from '../../contract.ts'
import { type AskedOptions, askedOf, runPlugin } from '../testing.ts'
import { createCheckMetrics, createMutationMetrics } from './check-metrics.ts'
import { mutatingPolicies } from './mutating.ts'
import { validatingPolicies } from './validating.ts'

/** The user `u` may list pods, nobody may do anything else. */
const authorize: Authorizer = async ({ resource, verb }) => ({ allowed: resource === 'pods' && verb === 'list', reason: 'because' })

const rules = { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['configmaps'] }] }

interface World {
  readonly policy: object
  readonly binding?: object
  readonly params?: readonly object[]
}

function objectsOf(kinds: readonly [AnyKind, AnyKind], { policy, binding = {}, params = [] }: World): Objects {
  const stored = new Map<AnyKind, readonly object[]>([
    [kinds[0], [{ metadata: { name: 'p' }, spec: { matchConstraints: rules, ...policy } }]],
    [kinds[1], [{ metadata: { name: 'b' }, spec: { policyName: 'p', validationActions: ['Deny'], ...binding } }]],
    [Namespace, [{ metadata: { name: 'd', labels: { team: 'a' } } }]],
    [ConfigMap, params],
  ])
  const list = (kind: AnyKind): readonly KubeObject[] => (stored.get(kind) ?? []) as readonly KubeObject[]
  return {
    get: (kind, name) => list(kind).find(({ metadata }) => metadata.name === name),
    list,
    observe: () => () => {},
    kindOf: () => undefined,
    kindsNamed: (_group, kind) => (kind === 'ConfigMap' ? [ConfigMap] : []),
    equivalents: (kind) => [kind],
  }
}

const configMap = { metadata: { name: 'c' }, data: { a: 'no' } }
const isTrue = { expression: "object.data.a == 'yes'" }

/** What a validating policy says of a write: the denial, or what it warns and notes. */
async function validate(world: World, options: AskedOptions = {}): Promise<unknown> {
  const objects = objectsOf([ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding], world)
  const asked = askedOf(objects, ConfigMap, options.operation === 'DELETE' ? undefined : configMap, options)
  try {
    await runPlugin(validatingPolicies({ objects, authorize }), asked)
  } catch (error) {
    if (!isError(error)) throw error
    return `${error.code} ${error.details.status}: ${error.message.replace(/^.* denied request: /s, '')}`
  }
  return [...asked.warnings, ...asked.annotations].map(String)
}

const cases: readonly (readonly [name: string, world: World, said: unknown, options?: AskedOptions])[] = [
  ['a condition that does not hold', { policy: { validations: [isTrue] } }, "Invalid 422: failed expression: object.data.a == 'yes'"],
  ['one that holds', { policy: { validations: [{ expression: "object.data.a == 'no'" }] } }, []],
  ['a reason of its own', { policy: { validations: [{ ...isTrue, reason: 'Forbidden', message: ' m ' }] } }, 'Forbidden 403: m'],
  [
    'a message that is made',
    {
      policy: {
        variables: [{ name: 'n', expression: 'size(object.data)' }],
        validations: [{ ...isTrue, messageExpression: "'has ' + string(variables.n)" }],
      },
    },
    'Invalid 422: has 1',
  ],
  [
    'a broken message gives way to the written one',
    { policy: { validations: [{ ...isTrue, message: 'm', messageExpression: 'object.data.zz' }] } },
    'Invalid 422: m',
  ],
  [
    'an error denies',
    { policy: { validations: [{ expression: "object.data.zz == 'x'" }] } },
    "Invalid 422: expression 'object.data.zz == 'x'' resulted in error: no such key: zz",
  ],
  ['but not where errors are ignored', { policy: { failurePolicy: 'Ignore', validations: [{ expression: "object.data.zz == 'x'" }] } }, []],
  [
    'match conditions decide first',
    { policy: { matchConditions: [{ name: 'm', expression: "object.metadata.name == 'other'" }], validations: [isTrue] } },
    [],
  ],
  [
    'a warning lets the write pass',
    { policy: { validations: [{ ...isTrue, message: 'm' }] }, binding: { validationActions: ['Warn'] } },
    ["Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': m"],
  ],
  ['annotations', { policy: { auditAnnotations: [{ key: 'k', valueExpression: "'v ' + object.data.a" }] } }, ['p/k,v no']],
  [
    'the authorizer answers',
    { policy: { validations: [{ expression: "!authorizer.group('').resource('pods').check('list').allowed()", message: 'may list' }] } },
    'Invalid 422: may list',
  ],
  [
    'parameters',
    {
      policy: {
        paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
        validations: [{ expression: 'object.data.a == params.data.want', messageExpression: "'want ' + params.data.want" }],
      },
      binding: { paramRef: { name: 'q', parameterNotFoundAction: 'Deny' } },
      params: [{ metadata: { name: 'q', namespace: 'd' }, data: { want: 'x' } }],
    },
    'Invalid 422: want x',
  ],
  [
    'parameters that are not there',
    {
      policy: { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' }, validations: [isTrue] },
      binding: { paramRef: { name: 'q', parameterNotFoundAction: 'Deny' } },
    },
    'Invalid 422: failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction',
  ],
  [
    'a binding for other namespaces',
    { policy: { validations: [isTrue] }, binding: { matchResources: { namespaceSelector: { matchLabels: { team: 'b' } } } } },
    [],
  ],
  [
    'a budget for all of a policy',
    {
      policy: {
        variables: [{ name: 'v', expression: 'lists.range(990000)' }],
        validations: Array.from({ length: 11 }, () => ({ expression: 'lists.range(980000).size() > 0' })),
      },
    },
    'Invalid 422: validation failed due to running out of cost budget, no further validation rules will be run',
  ],
  [
    'a deletion shows the old object',
    { policy: { validations: [{ expression: 'object == null && oldObject.metadata.name == "z"', message: 'kept' }] } },
    'Invalid 422: kept',
    { operation: 'DELETE', previous: configMap },
  ],
]
for (const [name, world, said, options] of cases)
  test(`validating: ${name}`, async () => {
    assert.deepEqual(await validate(world, options), said)
  })

/** What becomes of a write, or why it is denied. */
async function mutate(policy: object, binding: object = {}): Promise<unknown> {
  const objects = objectsOf([MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding], { policy, binding })
  try {
    const object = await runPlugin(mutatingPolicies({ objects, authorize }), askedOf(objects, ConfigMap, configMap))
    return (object as { readonly data?: unknown }).data
  } catch (error) {
    if (!isError(error)) throw error
    return `${error.code} ${error.details.status}: ${error.message}`
  }
}
const apply = (expression: string) => ({ patchType: 'ApplyConfiguration', applyConfiguration: { expression } })
const patch = (expression: string) => ({ patchType: 'JSONPatch', jsonPatch: { expression } })
const denied = "Invalid 403: policy 'p' with binding 'b' denied request: "

const mutations: readonly (readonly [name: string, policy: object, outcome: unknown])[] = [
  ['merges a configuration', { mutations: [apply("Object{data: {'b': 'x'}}")] }, { a: 'no', b: 'x' }],
  ['carries out a patch', { mutations: [patch("[JSONPatch{op: 'replace', path: '/data/a', value: 'x'}]")] }, { a: 'x' }],
  [
    'one mutation sees what the last one made',
    { mutations: [apply("Object{data: {'b': 'x'}}"), patch("[JSONPatch{op: 'copy', from: '/data/b', path: '/data/c'}]")] },
    { a: 'no', b: 'x', c: 'x' },
  ],
  [
    'a test that does not hold changes nothing',
    { mutations: [patch("[JSONPatch{op: 'test', path: '/data/a', value: 'q'}, JSONPatch{op: 'remove', path: '/data/a'}]")] },
    { a: 'no' },
  ],
  [
    'a patch that cannot be carried out denies',
    { mutations: [patch("[JSONPatch{op: 'remove', path: '/data/q'}]")] },
    `${denied}JSON Patch: error in remove for path: '/data/q': Unable to remove nonexistent key: q: missing value`,
  ],
  [
    'names of nested objects are those of their places',
    { mutations: [apply("Object{metadata: Object.spec{labels: {'a': 'b'}}}")] },
    `${denied}type mismatch: unexpected type name "Object.spec", expected "Object.metadata", which matches field name path from root Object type`,
  ],
  [
    'an error is ignored where that is wanted',
    { failurePolicy: 'Ignore', mutations: [apply("Object{data: {'b': object.data.zz}}")] },
    { a: 'no' },
  ],
  [
    'conditions decide first',
    { matchConditions: [{ name: 'm', expression: 'false' }], mutations: [apply("Object{data: {'b': 'x'}}")] },
    { a: 'no' },
  ],
]
for (const [name, policy, outcome] of mutations)
  test(`mutating: ${name}`, async () => {
    assert.deepEqual(await mutate({ reinvocationPolicy: 'Never', ...policy }), outcome)
  })

test('a policy that may be invoked again is: once after a change of its own, and once somebody else has changed the object', async () => {
  const policy = { reinvocationPolicy: 'IfNeeded', mutations: [apply("Object{data: {'n': string(size(object.data))}}")] }
  const objects = objectsOf([MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding], { policy })
  const plugin = mutatingPolicies({ objects, authorize })
  const memory = new Map<string, unknown>()
  const asked = askedOf(objects, ConfigMap, configMap)
  const round = (object: KubeObject | undefined, isAgain: boolean) =>
    plugin.admit?.({ ...asked, object, reinvocation: { isAgain, ask: () => {}, memory } })
  const first = (await round(asked.object, false)) as KubeObject & { readonly data: object }
  assert.deepEqual(first.data, { a: 'no', n: '1' })
  const same = (await round(first, true)) as typeof first
  assert.deepEqual(same.data, { a: 'no', n: '2' })
  const changed = (await round({ ...first, data: { ...first.data, x: 'y' } } as KubeObject, true)) as typeof first
  assert.deepEqual(changed.data, { a: 'no', n: '3', x: 'y' })
})

test('checks are counted by what came of them', async () => {
  const registry = createRegistry()
  const world: World = {
    policy: { validations: [isTrue, { expression: 'true' }] },
    binding: { validationActions: ['Warn', 'Audit'] },
  }
  const objects = objectsOf([ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding], world)
  const checks = { note: createCheckMetrics(registry), clock: createVirtualClock(0) }
  await runPlugin(validatingPolicies({ objects, authorize, checks }), askedOf(objects, ConfigMap, configMap, {}))
  const counted = [
    ...registry
      .text()
      .matchAll(/^apiserver_validating_admission_policy_check_total\{enforcement_action="(\w+)",error_type="(\w+)",.*\} (\d)$/gm),
  ]
  assert.deepEqual(counted.map(([, ...found]) => found.join(' ')).sort(), [
    'allow no_error 1',
    'audit invalid_error 1',
    'warn invalid_error 1',
  ])
})

test('mutations are counted by what came of them', async () => {
  const registry = createRegistry()
  const policy = {
    failurePolicy: 'Ignore',
    mutations: [apply("Object{data: {'n': 'x'}}"), apply("Object{data: {'n': object.data['nope']}}"), apply('1')],
  }
  const objects = objectsOf([MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding], { policy })
  const checks = { note: createMutationMetrics(registry), clock: createVirtualClock(0) }
  await runPlugin(mutatingPolicies({ objects, authorize, checks }), askedOf(objects, ConfigMap, configMap))
  const text = registry.text()
  const counted = text.matchAll(
    /^apiserver_mutating_admission_policy_check_total\{error_type="(\w+)",policy="\S+",policy_binding="\S+"\} (\d)$/gm,
  )
  assert.deepEqual(Array.from(counted, ([, ...found]) => found.join(' ')).toSorted(), ['invalid_error 2', 'no_error 1'])
  assert.match(text, /^apiserver_mutating_admission_policy_check_duration_seconds_bucket\{error_type="no_error",.*,le="5e-07"\} 1$/m)
})
