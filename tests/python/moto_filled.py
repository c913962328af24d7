"""moto as a server, with the two gaps filled at which Ingot's adapter would stop: the filter `client-token` of
DescribeInstances, and snapshot tags in CreateImage (which are dropped here). Everything else is moto's own."""

import sys

from moto.ec2 import utils
from moto.ec2.models.amis import AmiBackend
from moto.server import main

utils.filter_dict_attribute_mapping["client-token"] = "client_token"
create_image = AmiBackend.create_image


def create_image_with_its_own_tags(self, instance_id, name, description, tag_specifications):
    own = [one for one in tag_specifications if one["ResourceType"] == "image"]
    return create_image(self, instance_id, name, description, own)


AmiBackend.create_image = create_image_with_its_own_tags

if __name__ == "__main__":
    main(sys.argv[1:])
