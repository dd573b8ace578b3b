import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { PolicyRule } from '#api/rbac/v1/types.ts'
import type { Attributes } from '../contract.ts'
import { reconciledBinding, reconciledRole } from './reconcile.ts'
import { ruleAllows, uncovered } from './rule.ts'
import { asking } from './testing/memory-objects.ts'

/** Few names, so that rules meet each other. */
const some = (...values: readonly string[]) => fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 })
const resourceRule: fc.Arbitrary<PolicyRule> = fc.record({
  verbs: some('get', 'list', 'create', '*'),
  apiGroups: some('', 'apps', '*'),
  resources: some('pods', 'pods/log', 'secrets', '*', '*/log', 'pods/*'),
  resourceNames: fc.uniqueArray(fc.constantFrom('a', 'b'), { maxLength: 2 }),
})
const urlRule: fc.Arbitrary<PolicyRule> = fc.record({
  verbs: some('get', 'post', '*'),
  nonResourceURLs: some('/a', '/a/*', '/a/b', '/ab', '*'),
})
const rules = fc.array(fc.oneof({ weight: 3, arbitrary: resourceRule }, urlRule), { maxLength: 4 })

const question: fc.Arbitrary<Attributes> = fc
  .record({
    verb: fc.constantFrom('get', 'list', 'create', 'post', 'delete'),
    group: fc.constantFrom('', 'apps', 'batch'),
    resource: fc.constantFrom('pods', 'secrets', 'nodes'),
    subresource: fc.constantFrom('', 'log', 'exec'),
    name: fc.constantFrom('', 'a', 'b', 'c'),
    isResource: fc.boolean(),
    path: fc.constantFrom('/a', '/a/b', '/a/b/c', '/ab', '/'),
  })
  .map((parts) => asking('x', parts))

const allows = (owned: readonly PolicyRule[], attributes: Attributes) => owned.some((rule) => ruleAllows(rule, attributes))

test('what is covered opens nothing that was not open before', () => {
  fc.assert(
    fc.property(rules, rules, question, (owned, wanted, attributes) => {
      fc.pre(uncovered(owned, wanted).length === 0)
      assert.ok(!allows(wanted, attributes) || allows(owned, attributes))
    }),
    { numRuns: 20_000 },
  )
})

test('rules cover themselves and any part of themselves; with what is missing they cover all', () => {
  fc.assert(
    fc.property(rules, rules, (owned, wanted) => {
      assert.deepEqual(uncovered(owned, owned), [])
      const missing = uncovered(owned, wanted)
      assert.deepEqual(uncovered([...owned, ...missing], wanted), [])
      for (const part of missing) assert.deepEqual(uncovered(wanted, [part]), [])
      assert.deepEqual(uncovered([...owned, ...wanted], owned), [])
    }),
  )
})

test('who holds everything covers everything, and who holds nothing covers nothing', () => {
  const everything = [
    { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
    { verbs: ['*'], nonResourceURLs: ['*'] },
  ]
  fc.assert(
    fc.property(rules, (wanted) => {
      assert.deepEqual(uncovered(everything, wanted), [])
      assert.equal(uncovered([], wanted).length > 0, wanted.length > 0)
    }),
  )
})

test('putting a role right adds what it lacks, keeps what it has, and is done after once', () => {
  const labels = fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('x', 'y'), { noNullPrototype: true })
  const role = fc.record({ metadata: fc.record({ labels, annotations: labels }), rules })
  fc.assert(
    fc.property(role, role, (present, wanted) => {
      const next = reconciledRole(present, wanted) ?? present
      assert.deepEqual(uncovered(next.rules ?? [], [...present.rules, ...wanted.rules]), [])
      assert.deepEqual(next.rules?.slice(0, present.rules.length), present.rules)
      assert.deepEqual(next.metadata.labels, { ...wanted.metadata.labels, ...present.metadata.labels })
      assert.equal(reconciledRole(next, wanted), undefined)
    }),
  )
})

test('what an administrator froze stays; selectors and subjects come back; another role needs another binding', () => {
  const frozen = { metadata: { annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'false' } } }
  const rule = { verbs: ['get'], apiGroups: [''], resources: ['pods'] }
  assert.equal(reconciledRole({ ...frozen, rules: [] }, { metadata: {}, rules: [rule] }), undefined)
  const selector = { matchLabels: { a: 'b' } }
  const gathering = { metadata: {}, aggregationRule: { clusterRoleSelectors: [selector] } }
  assert.deepEqual(reconciledRole({ metadata: {}, rules: [rule] }, gathering), {
    metadata: {},
    rules: [rule],
    ...{ aggregationRule: gathering.aggregationRule },
  })
  assert.deepEqual(reconciledRole({ ...gathering, rules: [rule] }, { metadata: {}, rules: [rule] }), { metadata: {}, rules: [rule] })
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'r' }
  const subject = (name: string) => ({ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name })
  const wanted = { metadata: {}, roleRef, subjects: [subject('a')] }
  assert.deepEqual(reconciledBinding({ ...wanted, subjects: [subject('b')] }, wanted), {
    ...wanted,
    subjects: [subject('b'), subject('a')],
  })
  assert.equal(reconciledBinding({ ...wanted, subjects: [subject('b'), subject('a')] }, wanted), undefined)
  assert.equal(reconciledBinding({ ...wanted, roleRef: { ...roleRef, name: 'other' } }, wanted), 'recreate')
  assert.equal(reconciledBinding({ ...frozen, roleRef, subjects: [] }, wanted), undefined)
})
