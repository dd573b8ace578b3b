import type { OwnerReference } from '#api/meta/v1/types.ts'
import { deepEqual } from '#schema/fields.ts'
import type { Admission, AdmissionPlugin, Attributes, Authorizer } from '../../contract.ts'
import { refusal } from '../refusal.ts'

/**
 * Only who may delete an object may make it somebody's dependent, since so it is deleted with him; and only who may write the owner's finalizers
 * may keep him from going before it (blockOwnerDeletion).
 */
export function ownerReferencesPermissionEnforcement(authorize: Authorizer): AdmissionPlugin {
  return {
    name: 'OwnerReferencesPermissionEnforcement',
    operations: ['CREATE', 'UPDATE'],
    async validate(admission) {
      const { attributes, operation, object, previous } = admission
      if (attributes.group === '' && attributes.resource === 'pods' && attributes.subresource === 'status') return
      const [next, before] = [object, previous].map((one) => one?.metadata?.ownerReferences ?? [])
      if (deepEqual(next, before)) return
      if (operation !== 'CREATE') {
        const { allowed, reason } = await authorize(asked(admission, { ...attributes, verb: 'delete' }))
        if (!allowed) throw refusal(admission, `cannot set an ownerRef on a resource you can't delete: ${reason}, <nil>`)
      }
      const blocking = newlyBlocking(next!, before!)
      if (blocking.length === 0) return
      const anything = { verb: 'update', group: '*', version: '*', resource: '*', subresource: 'finalizers', name: '*', namespace: '' }
      if ((await authorize(asked(admission, anything))).allowed) return
      for (const reference of blocking) await mayBlock(admission, reference, authorize)
    },
  }
}

async function mayBlock(admission: Admission, { apiVersion, kind, name }: OwnerReference, authorize: Authorizer): Promise<void> {
  const [version = '', group = ''] = apiVersion.split('/').toReversed()
  const owners = admission.objects.kindsNamed(group, kind).filter((owner) => owner.version === version)
  if (owners.length === 0)
    throw refusal(
      admission,
      `cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion ${apiVersion} Kind ${kind}: no matches for kind "${kind}" in version "${apiVersion}"`,
    )
  for (const owner of owners) {
    const namespace = owner.scope === 'Namespaced' ? admission.attributes.namespace : ''
    const { allowed, reason } = await authorize(
      asked(admission, { verb: 'update', group, version, resource: owner.plural, subresource: 'finalizers', name, namespace }),
    )
    if (!allowed)
      throw refusal(
        admission,
        `cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: ${reason}, <nil>`,
      )
  }
}

const asked = (
  { attributes }: Admission,
  { verb, group, version, resource, subresource, name, namespace }: Omit<Attributes, 'user' | 'isResource' | 'path'>,
): Attributes => ({
  user: attributes.user,
  isResource: true,
  path: '',
  verb,
  group,
  version,
  resource,
  subresource,
  name,
  namespace,
})

const newlyBlocking = (next: readonly OwnerReference[], before: readonly OwnerReference[]): readonly OwnerReference[] =>
  next.filter(
    ({ uid, blockOwnerDeletion }) =>
      blockOwnerDeletion === true && before.find((reference) => reference.uid === uid)?.blockOwnerDeletion !== true,
  )
