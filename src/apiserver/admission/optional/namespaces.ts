import { Namespace } from '#api/core/v1/namespace.ts'
import { isError } from '#lib/errors.ts'
import type { AdmissionPlugin, Internals } from '../../contract.ts'
import { notFoundError } from '../../http/status.ts'
import { refusal } from '../refusal.ts'

/** Nothing is written in a namespace that is not there. */
export const namespaceExists: AdmissionPlugin = {
  name: 'NamespaceExists',
  operations: ['CREATE', 'UPDATE', 'DELETE'],
  async validate({ attributes: { namespace }, objects }) {
    if (namespace !== '' && objects.get(Namespace, namespace) === undefined) throw notFoundError(Namespace, namespace)
  },
}

/** Makes the namespace that something is created in. */
export const namespaceAutoProvision = (internals: Internals): AdmissionPlugin => ({
  name: 'NamespaceAutoProvision',
  operations: ['CREATE'],
  async admit(admission) {
    const { attributes, objects, dryRun, object } = admission
    const { namespace } = attributes
    if (dryRun || namespace === '' || objects.get(Namespace, namespace) !== undefined) return object
    try {
      await internals.create(Namespace, { metadata: { name: namespace }, spec: {}, status: {} })
    } catch (error) {
      // Somebody else made it in between: it is there.
      if (isError(error, 'AlreadyExists')) return object
      throw isError(error) ? refusal(admission, error.message) : error
    }
    return object
  },
})
