import { sameList } from '../memory.ts'
import type { Certificate } from '../model/certificate.ts'
import { hostnameProblem } from '../model/route-problem.ts'
import { type CertificateLine, type Configuration, defaultCertificateFile } from './configuration.ts'
import type { Door } from './doors.ts'

/** What doors show of certificates. The same listeners and certificates again cost nothing. */
export function createCertificateWriter(): (
  doors: readonly Door[],
  certificates: readonly Certificate[],
) => Pick<Configuration, 'certificateLists' | 'certificates'> {
  let last: { readonly of: readonly unknown[]; readonly all: readonly Certificate[]; readonly written: Written } | undefined
  return (doors, all) => {
    const withTls = doors
      .map(({ name, listeners }) => ({ name, listeners: listeners.filter(({ protocol }) => protocol === 'HTTPS') }))
      .filter(({ listeners }) => listeners.length > 0)
    const of = withTls.flatMap(({ name, listeners }) => [name, ...listeners])
    if (last !== undefined && last.all === all && sameList(last.of, of) === last.of) return last.written
    const written = write(withTls, all)
    last = { of, all, written }
    return written
  }
}

/** The file of a certificate: Secrets' names are DNS names, so the two parts cannot run together. */
export const certificateFile = (name: string): string => `certificates/${name.replace('/', '_')}.pem`

/** The file that says which certificate a door shows for which name. */
export const listFile = (door: string): string => `certificates/${door}.list`

type Written = Pick<Configuration, 'certificateLists' | 'certificates'>

function write(withTls: readonly Pick<Door, 'name' | 'listeners'>[], all: readonly Certificate[]): Written {
  const known = new Map(all.map((certificate) => [certificate.name, certificate]))
  const certificates = new Map<string, string>()
  const certificateLists = new Map<string, readonly CertificateLine[]>()
  for (const { name: door, listeners } of withTls) {
    const lines = new Map<string, CertificateLine>()
    for (const { certificate: name, hostnames } of listeners.flatMap((listener) => listener.certificates)) {
      const certificate = known.get(name)
      if (certificate === undefined || hostnames.some((hostname) => hostname === '' || hostnameProblem(hostname) !== undefined)) continue
      const file = certificateFile(name)
      certificates.set(file, textOf(certificate))
      const names = [...hostnames].sort()
      for (let at = 0; at === 0 || at < names.length; at += mostNames) {
        const some = names.slice(at, at + mostNames)
        lines.set(`${file} ${some.join(' ')}`, { file, hostnames: some })
      }
    }
    // The first is for whoever asks for no name, as those do who come by an address, or for one that no certificate is for.
    const forAll = listeners
      .filter(({ hostname }) => hostname === '')
      .flatMap((listener) => listener.certificates)
      .find(({ certificate, hostnames }) => hostnames.length === 0 && known.has(certificate))
    const first = forAll && lines.get(`${certificateFile(forAll.certificate)} `)
    const rest = [{ file: defaultCertificateFile, hostnames: [] }, ...[...lines.values()].filter((line) => line !== first)]
    certificateLists.set(listFile(door), first === undefined ? rest : [first, ...rest])
  }
  return { certificates, certificateLists }
}

/** The same text again for the same certificate: comparing is cheap then. */
function textOf(certificate: Certificate): string {
  let text = texts.get(certificate)
  if (text === undefined) texts.set(certificate, (text = `${certificate.chain}${certificate.key}`))
  return text
}

const texts = new WeakMap<Certificate, string>()

/** Of one line. HAProxy refuses a list with a line of more than 2,047 words, or of 64 KiB (crt-list). */
const mostNames = 100
