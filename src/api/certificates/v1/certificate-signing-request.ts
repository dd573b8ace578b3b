import * as types from '#api/certificates/v1/types.ts'
import { validateRequest, validateRequestUpdate } from '#api/certificates/v1/validate-certificate-signing-request.ts'
import { age, column, humanDuration } from '#api/columns.ts'
import { kind } from '#api/kind.ts'
import { checkPathSegment } from '#api/meta/v1/names.ts'
import { part } from '#api/strategy.ts'
import type { Of } from '#schema/schema.ts'

type Request = types.CertificateSigningRequest
type Condition = types.CertificateSigningRequestCondition

export const CertificateSigningRequest = kind(
  types.CertificateSigningRequest,
  {
    group: 'certificates.k8s.io',
    version: 'v1',
    kind: 'CertificateSigningRequest',
    plural: 'certificatesigningrequests',
    singular: 'certificatesigningrequest',
    shortNames: ['csr'],
    scope: 'Cluster',
    columns: [
      age,
      column<Request>('SignerName', ({ spec }) => spec.signerName || '<none>'),
      column<Request>('Requestor', ({ spec }) => spec.username ?? ''),
      column<Request>('RequestedDuration', ({ spec }) =>
        spec.expirationSeconds === undefined ? '<none>' : humanDuration(spec.expirationSeconds * 1000),
      ),
      column<Request>('Condition', ({ status }) => conditionText(status)),
    ],
    subresources: {
      approval: part<Request>({
        tables: false,
        take: (previous, body, now) => ({
          ...body,
          spec: previous.spec,
          status: withConditions(previous.status, withTimes(body.status.conditions ?? [], previous, now)),
        }),
        validateUpdate: validateRequestUpdate('approval'),
        checksMetadata: 'whole',
      }),
      status: part<Request>({
        take: (previous, body, now) => ({
          ...body,
          spec: previous.spec,
          status: withConditions(body.status, withTimes(withDecisionOf(previous, body.status.conditions ?? []), previous, now)),
        }),
        validateUpdate: validateRequestUpdate('status'),
        checksMetadata: 'whole',
      }),
    },
  },
  {
    // Who asks is the server's to say, and what is asked for never changes.
    prepareCreate: ({ spec, ...request }, { user }) => {
      const { username: _username, uid: _uid, groups: _groups, extra: _extra, ...asked } = spec
      const { name, uid = '', groups, extra = {} } = user
      const spread = Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]]))
      return {
        ...request,
        spec: {
          ...asked,
          username: name,
          ...(uid !== '' && { uid }),
          ...(groups.length > 0 && { groups: [...groups] }),
          ...(Object.keys(spread).length > 0 && { extra: spread }),
        },
        status: {},
      }
    },
    prepareUpdate: (next, previous) => ({ ...next, spec: previous.spec, status: previous.status }),
    resetFields: {
      '': [['spec'], ['status']],
      status: [['spec'], ['status', 'conditions']],
      approval: [['spec'], ['status', 'certificate']],
    },
    validateName: checkPathSegment,
    validate: (request) => validateRequest(request),
    checksMetadata: 'whole',
    validateUpdate: validateRequestUpdate(''),
    selectableFields: { 'spec.signerName': ({ spec }) => spec.signerName },
  },
)
export type CertificateSigningRequest = Of<typeof CertificateSigningRequest>

const withConditions = (status: Request['status'], conditions: Condition[]): Request['status'] => ({ ...status, conditions })

/** A status write cannot touch the decision: where it has as many of its conditions, those are as they were. */
function withDecisionOf({ status }: Request, conditions: readonly Condition[]): Condition[] {
  let result = [...conditions]
  for (const type of ['Approved', 'Denied']) {
    const before = (status.conditions ?? []).filter((condition) => condition.type === type)
    if (result.filter((condition) => condition.type === type).length !== before.length) continue
    let taken = 0
    result = result.map((condition) => (condition.type === type ? before[taken++]! : condition))
  }
  return result
}

/** Times that the writer left out: now, or for a condition that has not changed, since when it is so. */
const withTimes = (conditions: readonly Condition[], { status }: Request, now: string): Condition[] =>
  conditions.map((condition) => ({
    ...condition,
    lastUpdateTime: condition.lastUpdateTime || now,
    lastTransitionTime:
      condition.lastTransitionTime ||
      status.conditions?.find((other) => other.type === condition.type && other.status === condition.status && other.lastTransitionTime)
        ?.lastTransitionTime ||
      now,
  }))

function conditionText({ conditions = [], certificate = '' }: Request['status']): string {
  const has = (type: string): boolean => conditions.some((condition) => condition.type === type)
  const decision = has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending'
  return `${decision}${has('Failed') ? ',Failed' : ''}${certificate === '' ? '' : ',Issued'}`
}
