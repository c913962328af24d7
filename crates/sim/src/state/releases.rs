//! What a vendor publishes or takes back by order, in the regions it says, those that are first used later included.

use std::time::Duration;

use super::Place;
use super::images::Image;
use crate::filters::glob;
use crate::seeds;
use crate::ssm::Parameter;

/// One build of one vendor.
#[derive(Clone, Debug)]
pub(crate) struct Release {
    /// Its account.
    pub(crate) owner: String,
    /// Names of the line it belongs to, as a pattern.
    pub(crate) filter: String,
    pub(crate) architecture: String,
    /// The build's name.
    pub(crate) name: String,
    /// Creation date as EC2 writes it.
    pub(crate) date: String,
    /// The parameter that points at the line's newest image.
    pub(crate) parameter: Option<String>,
    /// Where; everywhere when empty.
    pub(crate) regions: Vec<String>,
    /// Taken back instead of published.
    pub(crate) withdraw: bool,
    /// The simulated moment of the order.
    pub(crate) at: Duration,
}

impl Release {
    /// Publishes or withdraws it in a place; the id it has or had there, if the place has such a line.
    pub(crate) fn reach(&self, place: &mut Place) -> Option<String> {
        if !self.regions.is_empty() && !self.regions.contains(&place.key.region) {
            return None;
        }
        if self.withdraw {
            self.take_back(place)
        } else {
            self.publish(place)
        }
    }

    fn publish(&self, place: &mut Place) -> Option<String> {
        let pointed = self.pointed(place);
        let newest = self.newest(place);
        let like = pointed.filter(|id| self.is_of_line(place, id)).or(newest)?;
        let like = place.images.get(&like)?;
        let image = seeds::renamed(&place.key.region, like, &self.name, &self.date);
        let id = image.id.clone();
        place.images.insert(id.clone(), image);
        self.point(place, &id);
        Some(id)
    }

    fn take_back(&self, place: &mut Place) -> Option<String> {
        let image = place
            .images
            .values_mut()
            .find(|image| image.owner == self.owner && image.name == self.name)?;
        let id = image.id.clone();
        let pointed = self.pointed(place);
        // Gone at once: others never see a vendor's deregistered image.
        place.images.remove(&id);
        if pointed.as_ref() == Some(&id)
            && let Some(newest) = self.newest(place)
        {
            self.point(place, &newest);
        }
        Some(id)
    }

    /// The image that the parameter names.
    fn pointed(&self, place: &Place) -> Option<String> {
        let versions = place.parameters.get(self.parameter.as_deref()?)?;
        versions.last().map(|last| last.value.clone())
    }

    fn is_of_line(&self, place: &Place, id: &str) -> bool {
        place.images.get(id).is_some_and(|image| self.holds(image))
    }

    fn holds(&self, image: &Image) -> bool {
        image.owner == self.owner
            && image.architecture == self.architecture
            && glob(&self.filter, &image.name)
    }

    /// The newest of the line by its date; of the same day that which comes first by name.
    fn newest(&self, place: &Place) -> Option<String> {
        let line = place.images.values().filter(|image| self.holds(image));
        let newest = line.max_by(|a, b| {
            a.creation_date
                .cmp(&b.creation_date)
                .then_with(|| b.name.cmp(&a.name))
        });
        newest.map(|image| image.id.clone())
    }

    fn point(&self, place: &mut Place, id: &str) {
        let Some(parameter) = &self.parameter else {
            return;
        };
        for name in seeds::parameters_beside(parameter) {
            let versions = place.parameters.entry(name).or_default();
            versions.push(Parameter {
                value: id.to_owned(),
                kind: "String".to_owned(),
                data_type: "aws:ec2:image".to_owned(),
                version: versions.last().map_or(1, |last| last.version + 1),
                modified: self.at,
            });
        }
    }
}
