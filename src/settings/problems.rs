//! Every mistake in the settings at once.

use super::Settings;
use super::checked::SettingsError;

impl Settings {
    /// Every mistake that keeps `run` from starting. The other functions stop at the first one.
    #[must_use]
    pub fn problems(&self) -> Vec<SettingsError> {
        let all = [
            self.token().err(),
            self.guild_id().err(),
            self.api_url().err(),
            self.policy().err(),
            self.policy_so_far().err(),
            self.poll_interval().err(),
            self.backends().err(),
            self.file().err(),
            self.policies().err(),
            self.http_addr().err(),
            self.report_at().err(),
            self.log().err(),
        ];
        // Several of these read the same setting.
        all.into_iter().flatten().fold(Vec::new(), |mut problems, error| {
            if !problems.contains(&error) {
                problems.push(error);
            }
            problems
        })
    }
}
