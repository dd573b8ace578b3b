/** The types of admission/v1: what is asked of a webhook and what it answers. They are never stored. */

import * as authentication from '#api/authentication/v1/types.ts'
import * as meta from '#api/meta/v1/types.ts'
import type { Of } from '#schema/schema.ts'
import { bool, bytes, field, json, list, map, message, string } from '#schema/schema.ts'

const GroupVersionKind = message('k8s.io.apimachinery.pkg.apis.meta.v1.GroupVersionKind', {
  group: field(1, string(), { always: true }),
  version: field(2, string(), { always: true }),
  kind: field(3, string(), { always: true }),
})

const GroupVersionResource = message('k8s.io.apimachinery.pkg.apis.meta.v1.GroupVersionResource', {
  group: field(1, string(), { always: true }),
  version: field(2, string(), { always: true }),
  resource: field(3, string(), { always: true }),
})

export const AdmissionRequest = message('k8s.io.api.admission.v1.AdmissionRequest', {
  uid: field(1, string(), { required: true }),
  kind: field(2, GroupVersionKind, { required: true }),
  resource: field(3, GroupVersionResource, { required: true }),
  subResource: field(4, string()),
  requestKind: field(13, GroupVersionKind, { pointer: true }),
  requestResource: field(14, GroupVersionResource, { pointer: true }),
  requestSubResource: field(15, string()),
  name: field(5, string()),
  namespace: field(6, string()),
  operation: field(7, string(), { required: true }),
  userInfo: field(8, authentication.UserInfo, { required: true }),
  object: field(9, json(), { always: true }),
  oldObject: field(10, json(), { always: true }),
  dryRun: field(11, bool(), { pointer: true }),
  options: field(12, json(), { always: true }),
})
export type AdmissionRequest = Of<typeof AdmissionRequest>

export const AdmissionResponse = message('k8s.io.api.admission.v1.AdmissionResponse', {
  uid: field(1, string(), { required: true }),
  allowed: field(2, bool(), { required: true }),
  status: field(3, meta.Status, { pointer: true }),
  patch: field(4, bytes()),
  patchType: field(5, string(), { pointer: true }),
  auditAnnotations: field(6, map(string())),
  warnings: field(7, list(string())),
})
export type AdmissionResponse = Of<typeof AdmissionResponse>

export const AdmissionReview = message('k8s.io.api.admission.v1.AdmissionReview', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  request: field(1, AdmissionRequest, { pointer: true }),
  response: field(2, AdmissionResponse, { pointer: true }),
})
export type AdmissionReview = Of<typeof AdmissionReview>
