import { CertificateSigningRequest } from '#api/certificates/v1/certificate-signing-request.ts'
import type { Client } from '#client/client.ts'
import { createInformer } from '#client/informer.ts'
import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'

/** The reference's patience with who approves. */
const patienceMs = 15 * 60_000
const noticeMs = 10_000

/**
 * Asks the cluster to sign a request (PKCS #10, PEM) and waits for the certificate: PEM. Throws `Forbidden` where it was denied, `Invalid` where
 * signing failed, `Timeout` when nobody decided within a quarter of an hour, `Cancelled` reasons of the signal.
 */
export async function requestCertificate(
  options: { readonly client: Client; readonly clock: Clock; readonly random: Random; readonly log: Log; readonly signal: AbortSignal },
  asked: { readonly request: string; readonly signerName: string; readonly usages: readonly string[] },
): Promise<string> {
  const { client, clock, random, log, signal } = options
  const { metadata } = await client.create(CertificateSigningRequest, {
    metadata: { generateName: 'csr-' },
    spec: { request: Buffer.from(asked.request).toString('base64'), signerName: asked.signerName, usages: [...asked.usages] },
  } as never)
  const outcome = Promise.withResolvers<string>()
  const giveUp = () => outcome.reject(signal.reason)
  if (signal.aborted) giveUp()
  signal.addEventListener('abort', giveUp, { once: true })
  const forget = clock.schedule(clock.now() + patienceMs, () =>
    outcome.reject(
      new WherryError('Timeout', `nobody signed the certificate request ${metadata.name} within ${patienceMs / 60_000} minutes`),
    ),
  )
  // The controller that approves needs a moment; what it leaves alone waits for a person, who should hear of it.
  const forgetNotice = clock.schedule(clock.now() + noticeMs, () =>
    log.warn('a certificate request waits for approval: kubectl certificate approve', { request: metadata.name, signer: asked.signerName }),
  )
  const informer = createInformer(client, CertificateSigningRequest, {
    clock,
    random,
    log,
    fieldSelector: `metadata.name=${metadata.name}`,
  })
  informer.onChange((request, _, change) => {
    if (request.metadata.uid !== metadata.uid) return
    const { certificate, conditions = [] } = request.status ?? {}
    const refused = conditions.find(({ type }) => type === 'Denied' || type === 'Failed')
    const why = `${refused?.reason ?? ''} ${refused?.message ?? ''}`.trim()
    if (refused?.type === 'Denied') outcome.reject(new WherryError('Forbidden', `certificate request ${metadata.name} was denied: ${why}`))
    else if (refused) outcome.reject(new WherryError('Invalid', `certificate request ${metadata.name} could not be signed: ${why}`))
    else if (certificate) outcome.resolve(Buffer.from(certificate, 'base64').toString())
    else if (change === 'deleted') outcome.reject(new WherryError('NotFound', `certificate request ${metadata.name} was deleted undecided`))
  })
  try {
    return await outcome.promise
  } finally {
    forget()
    forgetNotice()
    signal.removeEventListener('abort', giveUp)
    await informer.close()
  }
}
