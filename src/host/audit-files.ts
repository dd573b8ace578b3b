import { appendFile, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/** The machine's files for an audit log, readable by their owner only: what `AuditFiles` of the API server asks for. */
export const auditFiles = {
  async append(path: string, text: string): Promise<number> {
    await appendFile(path, text, { mode: 0o600 })
    return (await stat(path)).size
  },
  rename,
  remove: (path: string): Promise<void> => rm(path, { force: true }),
  list: (path: string): Promise<readonly string[]> => readdir(dirname(path)),
}
