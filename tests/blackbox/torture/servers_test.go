package torture

import (
	"testing"
	"time"

	"kvshim.test/blackbox/database"
)

func TestThreeServersOnPostgresAreOneEtcd(t *testing.T) {
	rounds(t, 25*time.Second, func(t *testing.T, plan Plan) {
		onOneDatabase(t, database.Postgres, 3, plan.Seed, plan.flags()...).Run(t, plan).Expect(t)
	})
}

func TestThreeServersOnMariaDBAreOneEtcd(t *testing.T) {
	rounds(t, 25*time.Second, func(t *testing.T, plan Plan) {
		onOneDatabase(t, database.MariaDB, 3, plan.Seed, plan.flags()...).Run(t, plan).Expect(t)
	})
}
