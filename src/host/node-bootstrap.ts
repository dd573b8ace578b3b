import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Client } from '#client/client.ts'
import type { CertificateStore } from '#kubelet/certificates/interfaces.ts'
import { requestCertificate } from '#kubelet/certificates/request-certificate.ts'
import { clientTemplate, signers } from '#kubelet/certificates/rotation.ts'
import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import type { Paths } from './layout.ts'
import { certificateFile, certificateTools } from './node-certificates.ts'

/** The pairs of a node, by the file that the server process makes on its own machine. */
export type NodeCertificateName = 'kubelet-client' | 'kubelet-serving'

/** Where such a pair stays: see `certificateFile`. */
export type NodeCertificateStore = CertificateStore

/** Where one of a node's two certificates lies: what it asked for itself before what the server of its own machine made. `authority`: PEM. */
export const nodeCertificateStore = (
  where: Paths,
  nodeName: string,
  name: NodeCertificateName,
  authority: () => string,
  clock: Clock,
): CertificateStore =>
  certificateFile({
    path: join(where.kubelet, 'pki', `${name}-current.pem`),
    initial: {
      certificatePath: join(where.pki, 'nodes', nodeName, `${name}.crt`),
      keyPath: join(where.pki, 'nodes', nodeName, `${name}.key`),
    },
    authority,
    clock,
  })

/**
 * TLS bootstrapping (API docs, "TLS bootstrapping"): asks for the node's first client certificate as who has a bootstrap token, keeps it, and drops
 * the token, which is of no more use. Rejects as `requestCertificate` does, with what to do about it; `signal` ends the wait.
 */
export async function bootstrapNode(options: {
  /** Who asks by the token. */
  readonly client: Client
  readonly where: Paths
  readonly nodeName: string
  readonly store: CertificateStore
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly signal: AbortSignal
}): Promise<void> {
  const { where, nodeName, store, clock } = options
  const template = clientTemplate(nodeName)
  const { request, key } = certificateTools.request(template)
  const certificate = await requestCertificate(options, { request, ...signers.client })
  const facts = certificateTools.facts(certificate)
  if (facts.commonName !== template.commonName || facts.notBefore > clock.now() || facts.notAfter <= clock.now())
    throw new WherryError(
      'Invalid',
      `the cluster signed a certificate for ${facts.commonName}, from ${new Date(facts.notBefore).toISOString()} to ${new Date(facts.notAfter).toISOString()}, which does not serve ${template.commonName} now; is this machine's clock right?`,
    )
  await store.write({ certificate, key })
  await rm(where.bootstrapToken, { force: true })
}
