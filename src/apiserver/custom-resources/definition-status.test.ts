import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CustomResourceDefinition } from '#api/apiextensions/v1/types.ts'
import { isServed, statusOf } from './definition-status.ts'

const now = '2026-01-01T00:00:00Z'

function definition(
  name: string,
  { kind = name, group = 'example.com', annotations = {}, shortNames = [] as string[] } = {},
): CustomResourceDefinition {
  const names = { plural: name, singular: name, kind, listKind: `${kind}List`, shortNames }
  return {
    metadata: { name: `${name}.${group}`, annotations },
    spec: {
      group,
      names,
      scope: 'Namespaced',
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
    status: { acceptedNames: { plural: '', kind: '' }, storedVersions: ['v1'] },
  } as never
}

const accepted = (of: CustomResourceDefinition): CustomResourceDefinition => ({ ...of, status: statusOf(of, [], now) })

test('conditions say what became of names, schema and group', () => {
  const check = (own: CustomResourceDefinition, others: readonly CustomResourceDefinition[], ...wanted: readonly string[]): void => {
    const status = statusOf(own, others, now)
    assert.deepEqual(
      status.conditions?.map(({ type, status: is, reason }) => `${type}=${is} ${reason}`),
      wanted,
    )
    assert.equal(statusOf({ ...own, status }, others, now), status, 'a second look changes nothing')
    assert.equal(isServed({ ...own, status }), wanted.includes('NamesAccepted=True NoConflicts'))
  }
  const good = ['NamesAccepted=True NoConflicts', 'Established=True InitialNamesAccepted']
  check(definition('a'), [], ...good)
  check(definition('a'), [accepted(definition('b'))], ...good)
  check(
    definition('a', { kind: 'K' }),
    [accepted(definition('b', { kind: 'K' }))],
    'NamesAccepted=False ListKindConflict',
    'Established=False NotAccepted',
  )
  check(
    definition('a', { shortNames: ['s'] }),
    [accepted(definition('b', { shortNames: ['s'] }))],
    'NamesAccepted=False ShortNamesConflict',
    'Established=False NotAccepted',
  )
  const approval = { 'api-approved.kubernetes.io': 'https://github.com/kubernetes/kubernetes/pull/1' }
  check(
    definition('a', { group: 'x.k8s.io', annotations: approval }),
    [],
    ...good,
    'KubernetesAPIApprovalPolicyConformant=True ApprovedAnnotation',
  )
})
