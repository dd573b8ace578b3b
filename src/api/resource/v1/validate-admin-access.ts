import type { WriteContext } from '#api/kind.ts'
import type { DeviceAllocationResult, DeviceClaim } from '#api/resource/v1/types.ts'
import type { Cause } from '#lib/errors.ts'
import { forbidden } from '#schema/validate.ts'

type Namespaced = Pick<WriteContext, 'namespaceLabels'>

/** Access as an administrator, to devices that others use, is for namespaces that are marked for it (KEP 5018). */
export const validateAdminRequests = ({ requests }: DeviceClaim, context: Namespaced): Cause[] =>
  validateFirst(
    (requests ?? []).map(({ exactly }) => exactly?.adminAccess === true),
    // The reference names the field where it was in the beta version, also for a template.
    (i) => `spec.devices.requests[${i}].adminAccess`,
    context,
  )

/** The same, of what a claim was given. */
export const validateAdminResults = ({ results = [] }: DeviceAllocationResult, context: Namespaced): Cause[] =>
  validateFirst(
    results.map(({ adminAccess }) => adminAccess === true),
    (i) => `status.allocation.devices.results[${i}].adminAccess`,
    context,
  )

const label = 'resource.kubernetes.io/admin-access'

function validateFirst(asked: readonly boolean[], pathOf: (position: number) => string, { namespaceLabels }: Namespaced): Cause[] {
  const first = asked.indexOf(true)
  if (first < 0 || namespaceLabels?.()[label] === 'true') return []
  return [forbidden(pathOf(first), `admin access to devices requires the \`${label}: true\` label on the containing namespace`)]
}
