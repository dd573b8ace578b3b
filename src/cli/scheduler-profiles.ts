import { readFileSync } from 'node:fs'
import { WherryError } from '#lib/errors.ts'
import { seededRandom } from '#lib/random.ts'
import { profilesOf } from '#scheduler/config/profiles.ts'
import { defaultSettings, readSchedulerConfiguration } from '#scheduler/config/read-scheduler-configuration.ts'
import type { Profile } from '#scheduler/framework/profile.ts'

/** How a cluster's schedulers decide, as far as it is known here. */
export interface Schedulers {
  readonly profiles: readonly Profile[]
  /** Whether servers beside them have a say, which are not asked. */
  readonly haveExtenders: boolean
}

/** By a KubeSchedulerConfiguration, or as they are without one. Errors: `BadRequest` for a file that cannot be read or is none. */
export function readSchedulers(file: string | undefined): Schedulers {
  const settings = file === undefined ? defaultSettings : readSchedulerConfiguration(textOf(file))
  return { profiles: profilesOf(settings, { random: seededRandom(1) }), haveExtenders: settings.extenders.length > 0 }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new WherryError('BadRequest', `the scheduler's configuration ${file} cannot be read: ${(cause as Error).message}`, { cause })
  }
}
