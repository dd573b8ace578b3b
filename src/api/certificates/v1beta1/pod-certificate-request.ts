import * as types from '#api/certificates/v1beta1/types.ts'
import { validatePodCertificateRequest } from '#api/certificates/v1beta1/validate-pod-certificate-request.ts'
import { validatePodCertificateStatus } from '#api/certificates/v1beta1/validate-pod-certificate-status.ts'
import { column, formatLabels } from '#api/columns.ts'
import { goStruct } from '#api/go-struct.ts'
import { kind, type PermissionContext } from '#api/kind.ts'
import { keepStatus, part, same, takeStatus } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import { quote } from '#schema/go-text.ts'
import type { Of } from '#schema/schema.ts'
import { forbidden, immutable } from '#schema/validate.ts'

type Request = types.PodCertificateRequest

/** Served only where the feature gate and its version are turned on (KEP-4317). */
export const PodCertificateRequest = kind(
  types.PodCertificateRequest,
  {
    group: 'certificates.k8s.io',
    version: 'v1beta1',
    kind: 'PodCertificateRequest',
    plural: 'podcertificaterequests',
    singular: 'podcertificaterequest',
    scope: 'Namespaced',
    gate: 'PodCertificateRequest',
    columns: [
      column<Request>('PodName', ({ spec }) => spec.podName),
      column<Request>('ServiceAccountName', ({ spec }) => spec.serviceAccountName),
      column<Request>('NodeName', ({ spec }) => spec.nodeName),
      column<Request>('SignerName', ({ spec }) => spec.signerName),
      column<Request>('State', ({ status }) => stateOf(status)),
      column<Request>('UnverifiedUserAnnotations', ({ spec }) => formatLabels(spec.unverifiedUserAnnotations)),
    ],
    subresources: { status: part<Request>({ take: takeStatus, validateUpdate: validatePodCertificateStatus }) },
  },
  {
    requiresResourceVersion: true,
    prepareCreate: (request) => ({ ...request, status: {} }),
    prepareUpdate: keepStatus,
    validate: validatePodCertificateRequest,
    validateUpdate: (next, previous) =>
      immutable('spec', goStruct(types.PodCertificateRequestSpec, next.spec), same(next.spec, previous.spec)),
    permissions: signPermission,
    // The reference clears a status of the object itself as well, and lets its writer own it nevertheless.
    resetFields: { '': [], status: [['spec']] },
    selectableFields: {
      'spec.signerName': ({ spec }) => spec.signerName,
      'spec.podName': ({ spec }) => spec.podName,
      'spec.nodeName': ({ spec }) => spec.nodeName,
    },
  },
)
export type PodCertificateRequest = Of<typeof PodCertificateRequest>

/** Who says anything of a request has to be allowed to sign for its signer, by its name or by `domain/*`. */
async function signPermission(next: Request, previous: Request | undefined, context: PermissionContext): Promise<readonly Cause[]> {
  if (context.subresource !== 'status' || previous === undefined || !context.isValid || same(next.status, previous.status)) return []
  const { signerName } = previous.spec
  for (const name of [signerName, `${signerName.split('/')[0]}/*`]) {
    const question = { verb: 'sign', group: 'certificates.k8s.io', version: '*', resource: 'signers', namespace: '', name }
    if ((await context.may(question)).allowed) return []
  }
  return [forbidden('spec.signerName', `User ${quote(context.user.name)} is not permitted to "sign" for signer ${quote(signerName)}`)]
}

/** A request has one of these conditions at most. */
const stateOf = ({ conditions = [] }: Request['status']): string =>
  conditions.findLast(({ type }) => ['Issued', 'Denied', 'Failed'].includes(type))?.type ?? 'Pending'
