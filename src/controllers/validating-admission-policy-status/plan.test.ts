import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ValidatingAdmissionPolicy } from '#api/admissionregistration/v1/validating-admission-policy.ts'
import { Deployment } from '#api/apps/v1/deployment.ts'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { type AnyKind, kind } from '#api/kind.ts'
import type { Structural } from '#schema/structural/structural.ts'
import { World } from '../testing/world.ts'
import { validatingAdmissionPolicyStatusController } from './controller.ts'

const controller = validatingAdmissionPolicyStatusController(() => [Deployment, ConfigMap])
const deployments = { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['*'], resources: ['deployments'] }

check('what fits is not warned of', 'object.spec.replicas <= 5', [])
check('times are times', 'object.metadata.creationTimestamp < timestamp("2030-01-01T00:00:00Z")', [])
check('lists and maps know their items', 'object.spec.template.spec.containers.all(c, c.name != "x" && "a" in object.metadata.labels)', [])
check('a field that is not there', 'object.replicas > 1', [
  "apps/v1, Kind=Deployment: ERROR: <input>:1:7: undefined field 'replicas'\n | object.replicas > 1\n | ......^\n",
])
check('a type that does not fit', "object.spec.replicas > '1'", [
  "apps/v1, Kind=Deployment: ERROR: <input>:1:22: found no matching overload for '_>_' applied to '(int, string)'\n | object.spec.replicas > '1'\n | .....................^\n",
])
check('variables keep their types', "variables.n + 'x' == 'y'", [
  "apps/v1, Kind=Deployment: ERROR: <input>:1:13: found no matching overload for '_+_' applied to '(int, string)'\n | variables.n + 'x' == 'y'\n | ............^\n",
])
check('a rule with a wildcard says nothing of types', 'object.nope', [], { ...deployments, apiGroups: ['*'] })

test('a generation is checked once', () => {
  const world = given('object.nope')
  world.settle([controller])
  const { length } = world.history
  world.settle([controller])
  assert.equal(world.history.length, length)
})

test('kinds of definitions are known in every version, as they are when the policy is written', () => {
  let kinds: readonly AnyKind[] = []
  const following = validatingAdmissionPolicyStatusController(() => kinds)
  const rule = { ...deployments, apiGroups: ['example.com'], apiVersions: ['v1', 'v2'], resources: ['boats'] }
  const world = given("object.spec.sails > 'x' && object.metadata.name != ''", rule)
  const warnings = () => {
    world.settle([following])
    const { status } = world.get(ValidatingAdmissionPolicy, 'p') as ValidatingAdmissionPolicy
    return (status?.typeChecking?.expressionWarnings ?? []).flatMap(({ warning }) =>
      warning.split('\n').filter((line) => /ERROR/.test(line)),
    )
  }
  assert.deepEqual(warnings(), [])
  kinds = [boat('v2', 'integer'), boat('v1', 'string')]
  assert.deepEqual(warnings(), [])
  world.change(ValidatingAdmissionPolicy, 'p', undefined, { spec: { failurePolicy: 'Ignore' } })
  assert.deepEqual(warnings(), [
    "example.com/v2, Kind=Boat: ERROR: <input>:1:19: found no matching overload for '_>_' applied to '(int, string)'",
  ])
  kinds = [boat('v2', 'string')]
  world.change(ValidatingAdmissionPolicy, 'p', undefined, { spec: { failurePolicy: 'Fail' } })
  assert.deepEqual(warnings(), [])
})

/** A kind of a definition, whose objects have a `spec.sails` of that type. */
function boat(version: string, type: string): AnyKind {
  const schema = { type: 'object', properties: { spec: { type: 'object', properties: { sails: { type } } } } } as Structural
  const names = { group: 'example.com', version, kind: 'Boat', plural: 'boats', singular: 'boat' }
  return kind({ shape: { kind: 'structural', schema } } as never, { ...names, scope: 'Namespaced' }) as AnyKind
}

function given(expression: string, rule: object = deployments): World {
  const world = new World()
  world.put(ValidatingAdmissionPolicy, {
    metadata: { name: 'p', generation: 2 },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: { matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {}, resourceRules: [rule] },
      variables: [{ name: 'n', expression: 'object.spec.replicas * 2' }],
      validations: [{ expression }],
    },
    status: {},
  })
  return world
}

function check(name: string, expression: string, warnings: readonly string[], rule?: object): void {
  test(name, () => {
    const world = given(expression, rule)
    world.settle([controller])
    const { status } = world.get(ValidatingAdmissionPolicy, 'p') as ValidatingAdmissionPolicy
    assert.equal(status?.observedGeneration, 2)
    assert.deepEqual(
      (status?.typeChecking?.expressionWarnings ?? []).map(({ warning }) => warning),
      warnings,
    )
  })
}
