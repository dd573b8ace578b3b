import { CertificateSigningRequest } from '#api/certificates/v1/certificate-signing-request.ts'
import { Node } from '#api/core/v1/node.ts'
import { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { same } from '#api/strategy.ts'
import type { Controller } from '#loop/controller.ts'
import { isDecided } from '../common/certificate-conditions.ts'
import { type ApprovalView, approvalAnswered, planApproval } from './plan.ts'
import { nodeOfRequest, type ServingApproval } from './serving.ts'

/**
 * Approves requests of kubelets for their client certificates and, where it is told what no node may be called, those for their ports. Absent
 * `serving`: a person approves these, as in the reference.
 */
export const certificateApproverController = (serving?: ServingApproval): Controller<ApprovalView> => ({
  name: 'certificate-approver',
  sources: [
    { kind: CertificateSigningRequest },
    // A new node asks before its Node object has its addresses.
    ...(serving === undefined
      ? []
      : [
          {
            kind: Node,
            keys: ({ metadata, status }: Node, cache: Parameters<Controller<ApprovalView>['view']>[1], previous: Node | undefined) =>
              previous !== undefined && same(previous.status?.addresses, status?.addresses)
                ? []
                : cache
                    .list(CertificateSigningRequest)
                    .filter((request) => nodeOfRequest(request) === metadata.name && !isDecided(request))
                    .map((request) => request.metadata.name),
          },
          { kind: EndpointSlice, keys: () => [] },
        ]),
  ],
  view: (name, cache, now) => {
    const request = cache.get(CertificateSigningRequest, name)
    if (request === undefined) return undefined
    if (serving === undefined || nodeOfRequest(request) === undefined) return { request, now }
    // Where there are several servers, each knows its own certificate only, and says its address here.
    const servers = cache.get(EndpointSlice, 'kubernetes', 'default')?.endpoints.flatMap(({ addresses }) => addresses) ?? []
    const approval = { ...serving, serverNames: () => [...serving.serverNames(), ...servers] }
    return { request, now, serving: { approval, nodes: cache.list(Node) } }
  },
  plan: planApproval,
  answered: approvalAnswered,
})
