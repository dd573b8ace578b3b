import type { AdmissionPlugin } from '../../contract.ts'
import { refusal } from '../refusal.ts'

/** Lets everything through: for configurations that name it. */
export const alwaysAdmit: AdmissionPlugin = {
  name: 'AlwaysAdmit',
  admit: async ({ object }) => object,
  validate: async () => {},
}

/** Lets nothing through: for tests of whoever has to live with that. */
export const alwaysDeny: AdmissionPlugin = {
  name: 'AlwaysDeny',
  async admit(admission) {
    throw refusal(admission, 'admission control is denying all modifications')
  },
  async validate(admission) {
    throw refusal(admission, 'admission control is denying all modifications')
  },
}
