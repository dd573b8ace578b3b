import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { der } from '#lib/der.ts'
import type { ControlPlaneOptions } from '#main/control-plane.ts'

/** The authority by which simulated servers sign requests for certificates: the same for all of a process, since they are one cluster's. */
export const signingAuthority: NonNullable<ControlPlaneOptions['signingAuthority']> = makeAuthority()

/** Ed25519, whose signatures are made without chance: what a seed comes to may hang on none. */
function makeAuthority() {
  const { privateKey } = generateKeyPairSync('ed25519')
  const algorithm = der.sequence(der.objectIdentifier('1.3.101.112'))
  const name = der.sequence(der.set(der.sequence(der.objectIdentifier('2.5.4.3'), der.utf8('simulated'))))
  const signed = der.sequence(
    der.explicit(0, der.integer(Uint8Array.of(2))),
    der.integer(Uint8Array.of(1)),
    algorithm,
    name,
    der.sequence(der.time(Date.UTC(2000)), der.time(Date.UTC(2100))),
    name,
    createPublicKey(privateKey).export({ type: 'spki', format: 'der' }),
  )
  const whole = der.sequence(signed, algorithm, der.bitString(sign(null, signed, privateKey)))
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${Buffer.from(whole).toString('base64')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}
