/** The types of admission/v1: what is asked of a webhook and what it answers. They are never stored. */

import * as authentication from '#api/authentication/v1/types.ts'
import { typeFields } from '#api/meta/v1/object-fields.ts'
import * as meta from '#api/meta/v1/types.ts'
import type { Of } from '#schema/schema.ts'
import { bool, bytes, field, json, list, map, message, string } from '#schema/schema.ts'

const GroupVersionKind = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.GroupVersionKind',
  {
    group: field(1, string(), { always: true, about: 'API group; empty for the core group.' }),
    version: field(2, string(), { always: true, about: 'Version, such as v1.' }),
    kind: field(3, string(), { always: true, about: 'Name of the kind, such as pod.' }),
  },
  { about: 'Kind of an object in one version of its group.' },
)

const GroupVersionResource = message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.GroupVersionResource',
  {
    group: field(1, string(), { always: true, about: 'API group; empty for the core group.' }),
    version: field(2, string(), { always: true, about: 'Version, such as v1.' }),
    resource: field(3, string(), { always: true, about: 'Resource in plural, such as pods.' }),
  },
  { about: 'Resource in one version of its group.' },
)

export const AdmissionRequest = message(
  'k8s.io.api.admission.v1.AdmissionRequest',
  {
    uid: field(1, string(), { required: true, about: 'Identifies this call; the response has to repeat it.' }),
    kind: field(2, GroupVersionKind, { required: true, about: 'Kind of the object, as the webhook gets it.' }),
    resource: field(3, GroupVersionResource, { required: true, about: "Resource of the request, as the webhook's rules name it." }),
    subResource: field(4, string(), { about: 'Subresource of the request, such as scale; empty if it is the object itself.' }),
    requestKind: field(13, GroupVersionKind, {
      pointer: true,
      about: 'Kind as the client sent it; it differs from kind where the object was converted for the webhook.',
    }),
    requestResource: field(14, GroupVersionResource, {
      pointer: true,
      about: 'Resource as the client addressed it; it differs from resource where the request was converted for the webhook.',
    }),
    requestSubResource: field(15, string(), { about: 'Subresource as the client addressed it.' }),
    name: field(5, string(), { about: 'Name of the object; it can be empty on create, while the server has not made one yet.' }),
    namespace: field(6, string(), { about: 'Namespace of the request; empty if the resource has none.' }),
    operation: field(7, string(), { required: true, about: 'CREATE, UPDATE, DELETE or CONNECT.' }),
    userInfo: field(8, authentication.UserInfo, { required: true, about: 'Who makes the request.' }),
    object: field(9, json(), { always: true, about: 'Object as it would be stored; null for DELETE.' }),
    oldObject: field(10, json(), { always: true, about: 'Object as it is stored; null for CREATE and CONNECT.' }),
    dryRun: field(11, bool(), { pointer: true, about: 'True if nothing will be stored, so the webhook must leave nothing behind either.' }),
    options: field(12, json(), { always: true, about: 'Options of the operation, such as a CreateOptions object.' }),
  },
  { about: 'Request that a webhook has to judge.' },
)
export type AdmissionRequest = Of<typeof AdmissionRequest>

export const AdmissionResponse = message(
  'k8s.io.api.admission.v1.AdmissionResponse',
  {
    uid: field(1, string(), { required: true, about: 'The uid of the request.' }),
    allowed: field(2, bool(), { required: true, about: 'Whether the request may pass.' }),
    status: field(3, meta.Status, { pointer: true, about: 'Message, reason and code for the client of a refused request.' }),
    patch: field(4, bytes(), { about: 'JSON patch (RFC 6902) to the object, base64 in JSON; from mutating webhooks only.' }),
    patchType: field(5, string(), { pointer: true, about: 'JSONPatch, which has to be said if there is a patch.' }),
    auditAnnotations: field(6, map(string()), {
      about: "Annotations for the audit event; the webhook's name and a / are put before their keys.",
    }),
    warnings: field(7, list(string()), {
      about: 'Warnings for the client; a short sentence each, since longer ones than 256 characters may be cut.',
    }),
  },
  { about: 'Judgement of a webhook.' },
)
export type AdmissionResponse = Of<typeof AdmissionResponse>

export const AdmissionReview = message(
  'k8s.io.api.admission.v1.AdmissionReview',
  {
    ...typeFields,
    request: field(1, AdmissionRequest, { pointer: true, about: 'Request to judge, on the way to the webhook.' }),
    response: field(2, AdmissionResponse, { pointer: true, about: 'Judgement, on the way back.' }),
  },
  { about: 'What is sent to an admission webhook and what it sends back; it is never stored.' },
)
export type AdmissionReview = Of<typeof AdmissionReview>
