import { Namespace } from '#api/core/v1/namespace.ts'
import type { AdmissionPlugin } from '../contract.ts'
import { forbiddenError, notFoundError } from '../http/status.ts'

/** Namespaces that a cluster cannot do without. */
const immortal = new Set(['default', 'kube-system', 'kube-public'])
/** Reviews are answered about any namespace: whether it exists is not theirs to tell. */
const reviews = new Set(['localsubjectaccessreviews', 'subjectaccessreviews', 'selfsubjectaccessreviews', 'selfsubjectrulesreviews'])

/** Nothing is created in a namespace that is absent or on its way out, and some namespaces stay. */
export const namespaceLifecycle: AdmissionPlugin = {
  name: 'NamespaceLifecycle',
  operations: ['CREATE', 'UPDATE', 'DELETE'],
  async admit({ attributes, operation, kind, object, objects }) {
    const isNamespace = attributes.group === '' && attributes.resource === Namespace.plural
    if (isNamespace) {
      if (operation === 'DELETE' && immortal.has(attributes.name))
        throw forbiddenError(Namespace, attributes.name, 'this namespace may not be deleted')
      return object
    }
    const { namespace } = attributes
    if (namespace === '' || operation === 'DELETE' || reviews.has(attributes.resource)) return object
    const present = objects.get(Namespace, namespace) as Namespace | undefined
    if (present === undefined) throw notFoundError(Namespace, namespace)
    if (operation === 'CREATE' && present.status.phase === 'Terminating') {
      const facts = { ...kind, plural: attributes.resource, group: attributes.group }
      throw forbiddenError(
        facts,
        attributes.name,
        `unable to create new content in namespace ${namespace} because it is being terminated`,
        {
          causes: [{ reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' }],
        },
      )
    }
    return object
  },
}
