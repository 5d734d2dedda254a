// Asks KEDA's own scaler once for what it would scale by. Reads {"metadata": …, "auth": …} as a ScaledObject's trigger and its
// TriggerAuthentication give them, and writes {"active": …, "lag": …}.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/kedacore/keda/v2/pkg/scalers"
	"github.com/kedacore/keda/v2/pkg/scalers/scalersconfig"
)

func main() {
	if err := ask(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func ask(ctx context.Context) error {
	var trigger struct{ Metadata, Auth map[string]string }
	if err := json.NewDecoder(os.Stdin).Decode(&trigger); err != nil {
		return err
	}
	scaler, err := scalers.NewKafkaScaler(ctx, &scalersconfig.ScalerConfig{TriggerMetadata: trigger.Metadata, AuthParams: trigger.Auth})
	if err != nil {
		return err
	}
	defer scaler.Close(ctx)
	values, active, err := scaler.GetMetricsAndActivity(ctx, "lag")
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"active": active, "lag": values[0].Value.Value()})
}
